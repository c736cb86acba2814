import DequeModule
import Muster

/// One command of a map.
struct MapJob: Sendable, Equatable {
  let sequence: Int
  let arguments: [Bytes]
  let text: CommandText
  /// How often it has run and failed.
  var failures = 0
  /// How often it was lost with its worker.
  var losses = 0
  /// Where it has failed: it is tried elsewhere next, if there is an elsewhere.
  var failedOn: Set<ProcessID> = []
}

/// Which command runs where next; a plain value.
///
/// A worker gets as many commands as it runs at once. While they take milliseconds it gets some ahead, so that it need not
/// wait for process 1 between two of them; what it cannot start soon it gives back.
struct Schedule: Sendable {
  /// How much work, in seconds, a worker is sent ahead.
  static let ahead = 0.005
  /// Commands that take longer than this are not sent ahead.
  static let shortest = 0.02
  static let mostAhead = 32

  private struct Worker {
    let pid: ProcessID
    var inFlight = 0
    /// Of the run times of its latest commands, in seconds; infinite as long as nothing is known.
    var mean = Double.infinity

    func window(_ jobs: Int, sendsAhead: Bool) -> Int {
      guard sendsAhead, mean < Schedule.shortest else { return jobs }
      return jobs + Swift.min(Schedule.mostAhead, 1 + Int(Double(jobs) * Schedule.ahead / Swift.max(mean, 1e-5)))
    }
  }

  let jobsPerWorker: Int
  /// Not where it matters which commands have been started.
  let sendsAhead: Bool
  private var workers: [Worker] = []
  private var fresh: Deque<MapJob> = []
  private var again: Deque<MapJob> = []

  init(workers: [ProcessID], jobsPerWorker: Int, sendsAhead: Bool = true) {
    self.workers = workers.map { Worker(pid: $0) }
    self.sendsAhead = sendsAhead
    self.jobsPerWorker = jobsPerWorker
  }

  var hasWorkers: Bool { !workers.isEmpty }
  var inFlight: Int { workers.reduce(0) { $0 + $1.inFlight } }
  /// Commands that nobody has begun.
  var waiting: Int { fresh.count + again.count }
  var isIdle: Bool { waiting == 0 && inFlight == 0 }

  mutating func add(_ job: MapJob) { fresh.append(job) }

  /// A job that has been started, and is to be started once more.
  mutating func addAgain(_ job: MapJob) { again.append(job) }

  /// Forgets what has not been started.
  mutating func clear() {
    fresh.removeAll()
    again.removeAll()
  }

  /// What to start now, and where.
  mutating func next() -> (job: MapJob, pid: ProcessID)? {
    if !again.isEmpty {
      for (position, job) in again.enumerated() {
        guard let index = freest(for: job) else { continue }
        again.remove(at: position)
        workers[index].inFlight += 1
        return (job, workers[index].pid)
      }
    }
    guard !fresh.isEmpty, let index = freest(where: { _ in true }) else { return nil }
    workers[index].inFlight += 1
    return (fresh.removeFirst(), workers[index].pid)
  }

  /// A command has come back.
  ///
  /// - Parameter runtime: in seconds; `nil`: it was given back.
  mutating func ended(on pid: ProcessID, after runtime: Double?) {
    guard let index = workers.firstIndex(where: { $0.pid == pid }) else { return }
    workers[index].inFlight -= 1
    let old = workers[index].mean
    workers[index].mean = runtime.map { old.isFinite ? old * 0.75 + $0 * 0.25 : $0 } ?? .infinity
  }

  /// A worker has gone, with all that it had.
  ///
  /// - Returns: whether that is news.
  mutating func lost(_ pid: ProcessID) -> Bool {
    guard let index = workers.firstIndex(where: { $0.pid == pid }) else { return false }
    workers.remove(at: index)
    return true
  }

  private func freest(for job: MapJob) -> Int? {
    let isElsewherePossible = workers.contains { !job.failedOn.contains($0.pid) }
    return freest { !isElsewherePossible || !job.failedOn.contains($0) }
  }

  private func freest(where isAllowed: (ProcessID) -> Bool) -> Int? {
    var best: Int?
    for index in workers.indices {
      let worker = workers[index]
      guard worker.inFlight < worker.window(jobsPerWorker, sendsAhead: sendsAhead), isAllowed(worker.pid) else {
        continue
      }
      if worker.inFlight < best.map({ workers[$0].inFlight }) ?? .max { best = index }
    }
    return best
  }
}

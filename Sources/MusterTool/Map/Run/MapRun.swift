import Glibc
import Muster
import Synchronization

/// Runs the commands of a map on the workers, and sees to it that each has come to its end.
final class MapRun: Sendable {
  struct Rules: Sendable {
    /// How often a command may run at most, as long as it fails.
    var attempts = 1
    var halt: HaltPolicy?
  }

  /// A command that is lost with its worker so often is likely to be why.
  static let mostLosses = 3

  struct State {
    var schedule: Schedule
    var tally = Tally()
    var total: Int?
    /// Commands that have been read.
    var offered = 0
    var inputHasEnded = false
    /// Commands that are somewhere between their start and their end.
    var active = 0
    var stop: Stop?
    var reader: UnsafeContinuation<Void, Never>?
    var waiter: UnsafeContinuation<Void, Never>?

    var isOver: Bool {
      active == 0 && (stop != nil || (inputHasEnded && schedule.waiting == 0))
    }
  }

  /// Why nothing more is started.
  enum Stop: Sendable {
    case halted(exitStatus: Int32)
    case failed(MapError)
  }

  let rules: Rules
  /// Of the workers, by their numbers.
  let hosts: [ProcessID: String]
  let printer: OutputPrinter
  let joblog: Joblog?
  let progress: ProgressLine?
  let state: Mutex<State>
  /// How far the input is read ahead of the commands; who wants to know how long it will take must see its end.
  private let mostWaiting: Int

  init(
    hosts: [ProcessID: String], jobsPerWorker: Int, rules: Rules, printer: OutputPrinter, joblog: Joblog?,
    progress: ProgressLine?
  ) {
    self.hosts = hosts
    self.rules = rules
    self.printer = printer
    self.joblog = joblog
    self.progress = progress
    mostWaiting = progress == nil ? 256 : 1_000_000
    state = Mutex(
      State(
        schedule: Schedule(
          workers: hosts.keys.sorted(), jobsPerWorker: jobsPerWorker, sendsAhead: rules.halt == nil)))
  }

  /// Runs all commands.
  ///
  /// - Parameters:
  ///   - commands: blocks where the input does.
  ///   - total: how many there are, where that is known.
  /// - Returns: what `muster map` is to exit with.
  /// - Throws: `MapError` when it could not go on.
  func run(_ commands: MapCommands, total: Int?) async throws -> Int32 {
    state.withLock { $0.total = total }
    Task.onCluster { [self] in await read(commands) }
    await withUnsafeContinuation { continuation in
      let isOver = state.withLock { state in
        if !state.isOver { state.waiter = continuation }
        return state.isOver
      }
      if isOver { continuation.resume() }
    }
    try await printer.finish()
    let (stop, tally) = state.withLock { ($0.stop, $0.tally) }
    switch stop {
    // The input may still be waited for.
    case .failed(let error): throw error
    case .halted(let status): return status
    case nil:
      if let failure = commands.failure { throw failure }
      return rules.halt?.exitStatus(tally, total: total) ?? tally.exitStatus
    }
  }

  // MARK: The input

  private func read(_ commands: MapCommands) async {
    while let job = commands.next() {
      guard await offer(job) else { break }
    }
    change { state in
      state.inputHasEnded = true
      progress?.update { [total = state.offered] in $0.total = total }
    }
  }

  /// - Returns: whether more is wanted.
  private func offer(_ job: MapJob) async -> Bool {
    change { state in
      state.offered += 1
      state.schedule.add(job)
    }
    await withUnsafeContinuation { continuation in
      let mustWait = state.withLock { state in
        let mustWait = state.stop == nil && state.schedule.waiting >= mostWaiting
        if mustWait { state.reader = continuation }
        return mustWait
      }
      if !mustWait { continuation.resume() }
    }
    return state.withLock { $0.stop == nil }
  }

  /// Changes what is known, and does what follows from it.
  func change(_ body: (inout State) -> Void) {
    var started: [(job: MapJob, pid: ProcessID)] = []
    let (reader, waiter, running) = state.withLock { state in
      body(&state)
      if state.stop == nil {
        while let next = state.schedule.next() {
          state.active += 1
          started.append(next)
        }
      }
      if state.stop == nil, !state.schedule.hasWorkers, state.schedule.waiting > 0 {
        state.stop = .failed(MapError("all workers were lost: what is not done can be done with --resume"))
      }
      if state.stop != nil { state.schedule.clear() }
      let hasRoom = state.stop != nil || state.schedule.waiting < mostWaiting / 2
      return (hasRoom ? state.reader.take() : nil, state.isOver ? state.waiter.take() : nil, state.active)
    }
    progress?.update { $0.running = running }
    for (job, pid) in started { Task.onCluster { [self] in await perform(job, on: pid) } }
    reader?.resume()
    waiter?.resume()
  }
}

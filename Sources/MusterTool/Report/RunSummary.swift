/// What a run was like, made of its events; a plain value, and what `muster report --json` prints.
struct RunSummary: Encodable, Equatable, Sendable {
  struct Item: Encodable, Equatable, Sendable {
    let map: Int
    let function: String
    let first: Int
    let count: Int
    let worker: Int
    let start: Double
    let seconds: Double
    let attempt: Int
    let failed: Bool
  }

  struct Problem: Encodable, Equatable, Sendable {
    let t: Double
    let worker: Int?
    let text: String
  }

  let time: String?
  let host: String
  let osPID: Int32?
  let command: [String]
  let job: String?
  /// From the first line to the last.
  let seconds: Double
  /// Whether the program has written its end.
  let isComplete: Bool
  /// In the order of their numbers; process 1 is among them where it has mapped itself.
  let workers: [WorkerSummary]
  /// The most memory that was resident in process 1, in bytes.
  let peakMemoryOfProcess1: Int?
  /// Results of maps, each counted once for each attempt that was answered.
  let items: Int
  /// Attempts that failed, and how many of them were followed by another.
  let failures: Int
  let retries: Int
  /// The longest first.
  let slowest: [Item]
  let timeline: [Moment]
  let firstError: Problem?
  /// Errors after the first one.
  let furtherErrors: Int
  /// Warnings in the log of the program.
  let warnings: Int
  /// Events that were not written because too many came at once.
  let dropped: Int
  /// Lines that were cut when the program was killed.
  let torn: Int

  /// The part of the workers' time in which they were busy.
  let utilisation: Double?
  /// The busiest worker's time by the mean: 1 where all have done alike. One that was lost has had no chance.
  let imbalance: Double?

  init(_ run: RecordedRun, slowest count: Int = 10) {
    let lines = run.lines
    time = run.heading.time
    host = run.heading.host ?? ""
    osPID = run.heading.osPID
    command = run.heading.command ?? []
    job = run.heading.job
    seconds = lines.last?.t ?? 0
    isComplete = lines.contains { $0.event == "end" }
    workers = Self.workers(run, until: seconds)
    peakMemoryOfProcess1 = lines.filter { $0.event == "memory" && $0.worker == 1 }.compactMap(\.peak).max()
    let done = lines.filter { $0.event == "item" || $0.event == "items" }
    items = done.reduce(0) { $0 + ($1.failed == true ? 0 : $1.count ?? 0) }
    let failed = lines.filter { $0.event == "failure" }
    failures = failed.reduce(0) { $0 + ($1.count ?? 0) }
    retries = failed.reduce(0) { $0 + ($1.retried == true ? $1.count ?? 0 : 0) }
    slowest = Self.slowest(lines, count)
    timeline = Moment.all(in: lines)
    let problems = lines.compactMap(Self.problem)
    firstError = problems.first
    furtherErrors = max(0, problems.count - 1)
    warnings = lines.count { $0.event == "log" && $0.level == "warning" }
    dropped = lines.reduce(0) { $0 + ($1.event == "dropped" ? $1.count ?? 0 : 0) }
    torn = run.torn
    let present = workers.reduce(0) { $0 + $1.present }
    utilisation = present > 0 ? min(1, workers.reduce(0) { $0 + $1.busy } / present) : nil
    imbalance = Self.imbalance(workers.filter { $0.ending != .lost }.map(\.busy))
  }

  private static func workers(_ run: RecordedRun, until end: Double) -> [WorkerSummary] {
    var workers: [Int: WorkerSummary] = [:]
    for line in run.lines {
      guard let number = line.worker else { continue }
      if line.event == "joined" {
        workers[number] = WorkerSummary(
          worker: number, host: line.host ?? "", manager: line.manager, cpus: line.cpus, rank: line.rank,
          joined: line.t, left: end)
      } else if number == 1, workers[1] == nil, line.event.hasPrefix("item") {
        workers[1] = WorkerSummary(worker: 1, host: run.heading.host ?? "", joined: line.start ?? 0, left: end)
      }
      workers[number]?.add(line)
    }
    return workers.values.sorted { $0.worker < $1.worker }
  }

  private static func imbalance(_ busy: [Double]) -> Double? {
    let sum = busy.reduce(0, +)
    return sum > 0 ? busy.max()! / (sum / Double(busy.count)) : nil
  }

  private static func slowest(_ lines: [EventLine], _ count: Int) -> [Item] {
    var functions: [Int: String] = [:]
    var items: [Item] = []
    for line in lines {
      guard let map = line.map else { continue }
      if line.event == "map" { functions[map] = line.function }
      guard line.event == "item", let worker = line.worker, let seconds = line.seconds else { continue }
      items.append(
        Item(
          map: map, function: line.function ?? functions[map] ?? "", first: line.first ?? 0, count: line.count ?? 1,
          worker: worker,
          start: line.start ?? 0, seconds: seconds, attempt: line.attempt ?? 1, failed: line.failed ?? false))
    }
    return Array(items.sorted { ($1.seconds, $0.start) < ($0.seconds, $1.start) }.prefix(count))
  }

  /// What has gone wrong for good. The log's errors are repeated in its lines, but not the losses and the items.
  private static func problem(_ line: EventLine) -> Problem? {
    switch line.event {
    case "lost": Problem(t: line.t, worker: line.worker, text: "it was lost: \(line.reason ?? "")")
    case "failure" where line.retried != true: Problem(t: line.t, worker: line.worker, text: line.error ?? "")
    case "log" where line.level == "error" || line.level == "critical":
      Problem(t: line.t, worker: nil, text: line.text ?? "")
    case "failed": Problem(t: line.t, worker: nil, text: line.error ?? "")
    default: nil
    }
  }
}

extension WorkerSummary {
  fileprivate mutating func add(_ line: EventLine) {
    switch line.event {
    case "item", "items":
      busy += line.seconds ?? 0
      if line.failed != true { items += line.count ?? 0 }
    case "traffic":
      calls = line.calls ?? calls
      sent = line.sent ?? sent
      received = line.received ?? received
    case "memory": peakMemory = max(peakMemory ?? 0, line.peak ?? 0)
    case "lost", "removed":
      left = line.t
      ending = line.event == "lost" ? .lost : .removed
      reason = line.reason
    default: break
    }
  }
}

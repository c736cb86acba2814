/// What became of each worker of one `addprocs`: a plain value, one record a worker.
struct LaunchBook: Sendable {
  enum State: Equatable, Sendable {
    case queued
    case started
    /// It has dialled back; the handshake is under way.
    case dialled
    case joined
    case failed(reason: String, output: [String])

    var isSettled: Bool {
      switch self {
      case .joined, .failed: true
      case .queued, .started, .dialled: false
      }
    }
  }

  struct Record: Sendable {
    let pid: ProcessID
    /// What the worker presents when it dials back.
    let ticket: UInt64
    var state: State = .queued
    var config: WorkerConfig?

    var isUnderWay: Bool { !state.isSettled }
  }

  private(set) var records: [Record]

  init(pids: [ProcessID], tickets: [UInt64]) {
    records = zip(pids, tickets).map { Record(pid: $0, ticket: $1) }
  }

  /// Settled records stay as they are: a worker that exits after it has joined is lost, not failed to start.
  mutating func setState(_ state: State, ofTicket ticket: UInt64, config: WorkerConfig? = nil) {
    guard let index = records.firstIndex(where: { $0.ticket == ticket }) else { return }
    records[index].config = config ?? records[index].config
    if !records[index].state.isSettled { records[index].state = state }
  }

  /// The worker has dialled. Returns false if it has before, or was given up.
  mutating func dial(_ ticket: UInt64) -> Bool {
    guard let index = records.firstIndex(where: { $0.ticket == ticket }) else { return false }
    switch records[index].state {
    case .queued, .started:
      records[index].state = .dialled
      return true
    case .dialled, .joined, .failed: return false
    }
  }

  /// Whoever has not joined by now has failed.
  mutating func expire(after timeout: Duration) {
    for record in records where !record.state.isSettled {
      let reason =
        switch record.state {
        case .queued: "was not started"
        case .started: "was started, but did not dial back"
        default: "dialled back, but did not finish joining"
        }
      setState(.failed(reason: "\(reason) within \(timeout)", output: []), ofTicket: record.ticket)
    }
  }

  func record(ofTicket ticket: UInt64) -> Record? { records.first { $0.ticket == ticket } }

  var isSettled: Bool { records.allSatisfy(\.state.isSettled) }
  var joined: [Record] { records.filter { $0.state == .joined } }

  var failures: [(pid: ProcessID, reason: String, output: [String])] {
    records.compactMap { record in
      guard case .failed(let reason, let output) = record.state else { return nil }
      return (record.pid, reason, output)
    }
  }

  /// The whole picture: how many joined, and for each that did not, why, and the last it said.
  func describeFailures() -> String {
    var lines = ["\(joined.count) of \(records.count) workers joined; \(failures.count) did not:"]
    for failure in failures {
      lines.append("  worker \(failure.pid): \(failure.reason)")
      lines += failure.output.map { "    | \($0)" }
    }
    return lines.joined(separator: "\n")
  }
}

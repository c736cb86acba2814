import Muster

/// Programs and their workers as lines for people.
struct StatusView {
  private let reports: [ProgramReport]
  private let terminal: Terminal

  init(_ reports: [ProgramReport], on terminal: Terminal) {
    self.reports = reports
    self.terminal = terminal
  }

  var isEmpty: Bool { reports.isEmpty }

  var lines: [String] {
    reports.enumerated().flatMap { index, report in (index > 0 ? [""] : []) + lines(of: report) }
  }

  private func lines(of report: ProgramReport) -> [String] {
    switch report.content {
    case .status(let status): [head(of: status), summary(of: status)] + table(of: status)
    case .silence(let reason): [terminal.styled("\(report.osPID) \(reason)", .red)]
    }
  }

  private func head(of status: ProgramStatus) -> String {
    let job = status.job.map { " (\($0))" } ?? ""
    let line = "\(status.osPID) on \(status.host)\(job): \(status.command.joined(separator: " "))"
    return terminal.styled(terminal.isTerminal ? line.cut(to: terminal.width) : line, .bold)
  }

  /// `8 workers: 6 busy, 2 idle; up 1:02:03`
  private func summary(of status: ProgramStatus) -> String {
    let counts = ProgramStatus.State.allCases.compactMap { state -> String? in
      let count = status.workers.count { $0.state == state }
      return count == 0 ? nil : "\(count) \(state.rawValue)"
    }
    let workers = status.workers.count == 1 ? "1 worker" : "\(status.workers.count) workers"
    return "\(workers)\(counts.isEmpty ? "" : ": ")\(counts.joined(separator: ", ")); up \(Self.time(status.seconds))"
  }

  private func table(of status: ProgramStatus) -> [String] {
    var table = Table(["worker", "state", "host", "pid", "cpus", "for", "runs"], numbers: [0, 3, 5])
    if !status.calls.isEmpty { table.add(row(1, "busy", .green, status.host, status.osPID, nil, status.calls, nil)) }
    for worker in status.workers {
      table.add(
        row(
          worker.id, worker.state.rawValue, worker.state.style, worker.host, worker.osPID, worker.cpus, worker.calls,
          worker.reason ?? worker.note))
    }
    return table.lines(on: terminal)
  }

  private func row(
    _ id: ProcessID, _ state: String, _ style: Style?, _ host: String, _ osPID: Int32?, _ cpus: CPUSet?,
    _ calls: [ProgramStatus.Call], _ note: String?
  ) -> [Table.Cell] {
    let longest = calls.map(\.seconds).max()
    let texts = [Self.text(calls), note].compactMap { $0 }.filter { !$0.isEmpty }
    return [
      "\(id)", Table.Cell(state, style), "\(host)", "\(osPID.map(String.init) ?? "")", "\(cpus?.description ?? "any")",
      "\(longest.map(Self.time) ?? "")", "\(texts.joined(separator: "; "))",
    ]
  }

  /// `Simulate ×3, Fit`
  private static func text(_ calls: [ProgramStatus.Call]) -> String {
    let counts = Dictionary(grouping: calls, by: \.function).mapValues(\.count)
    return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .map { $0.value == 1 ? $0.key : "\($0.key) ×\($0.value)" }.joined(separator: ", ")
  }

  /// `0.4 s`, `12 s`, `1:02`, `3:04:05`
  static func time(_ seconds: Double) -> String {
    let whole = Int(seconds)
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    switch whole {
    case ..<10: return "\((seconds * 10).rounded(.down) / 10) s"
    case ..<60: return "\(whole) s"
    case ..<3600: return "\(whole / 60):\(two(whole % 60))"
    default: return "\(whole / 3600):\(two(whole / 60 % 60)):\(two(whole % 60))"
    }
  }
}

extension ProgramStatus.State {
  var style: Style? {
    switch self {
    case .busy: .green
    case .idle, .leaving: .dim
    case .starting: .yellow
    case .silent, .lost: .red
    }
  }
}

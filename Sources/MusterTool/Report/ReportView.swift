/// A run as lines for people.
struct ReportView {
  private let run: RunSummary
  private let terminal: Terminal

  init(_ run: RunSummary, on terminal: Terminal) {
    self.run = run
    self.terminal = terminal
  }

  var lines: [String] {
    let parts = [head, firstError, workers, slowest, timeline].filter { !$0.isEmpty }
    return Array(parts.joined(separator: [""]))
  }

  // MARK: The head

  private var head: [String] {
    let job = run.job.map { " (\($0))" } ?? ""
    let pid = run.osPID.map { "\($0) on " } ?? ""
    let title = "\(pid)\(run.host)\(job), \(run.time ?? "")"
    return [terminal.styled(title, .bold) + ": " + run.command.joined(separator: " "), facts, use] + remarks
  }

  private var facts: String {
    let hosts = Set(run.workers.map(\.host)).count
    let lost = run.workers.count { $0.ending == .lost }
    var facts = [Self.count(run.workers.count, "worker") + (hosts > 0 ? " on \(Self.count(hosts, "host"))" : "")]
    if lost > 0 { facts.append("\(lost) lost") }
    facts.append("\(Self.count(run.items, "item")) done")
    if run.failures > 0 { facts.append("\(run.failures) failed") }
    if run.retries > 0 { facts.append("\(run.retries) retried") }
    return "\(Self.seconds(run.seconds)): \(facts.joined(separator: ", "))"
  }

  private var use: String {
    guard let utilisation = run.utilisation else { return "there were no workers" }
    let imbalance = run.imbalance.map { ", imbalance \(Self.decimal($0, 2)) (the busiest worker by the mean)" } ?? ""
    let memory = run.peakMemoryOfProcess1.map { "; process 1 needed \(Self.bytes($0)) of memory" } ?? ""
    return "busy \(Self.percent(utilisation)) of the time\(imbalance)\(memory)"
  }

  private var remarks: [String] {
    var remarks: [String] = []
    if !run.isComplete { remarks.append("the log has no end: the program was killed, or it still runs") }
    if run.dropped > 0 { remarks.append("\(run.dropped) events were not written: too many came at once") }
    if run.warnings > 0 { remarks.append("\(Self.count(run.warnings, "warning")) in the log of the program") }
    return remarks
  }

  private var firstError: [String] {
    guard let first = run.firstError else { return [] }
    let worker = first.worker.map { number -> String in
      let host = run.workers.first { $0.worker == number }?.host ?? ""
      return ", worker \(number)\(host.isEmpty ? "" : " on \(host)")"
    }
    let head = "first error (\(Self.seconds(first.t)) after start\(worker ?? "")): \(first.text)"
    return [terminal.styled(head, .red)] + (run.furtherErrors > 0 ? ["\(run.furtherErrors) more followed"] : [])
  }

  // MARK: Tables

  private var workers: [String] {
    guard !run.workers.isEmpty else { return [] }
    var table = Table(
      ["worker", "host", "there", "busy", "use", "items", "calls", "sent", "received", "memory", "end"],
      numbers: [0, 2, 3, 4, 5, 6, 7, 8, 9])
    for worker in run.workers {
      table.add([
        "\(worker.worker)", "\(worker.host)", "\(Self.seconds(worker.present))", "\(Self.seconds(worker.busy))",
        "\(worker.utilisation.map(Self.percent) ?? "")", "\(worker.items)", "\(worker.calls)",
        "\(Self.bytes(worker.sent))", "\(Self.bytes(worker.received))", "\(worker.peakMemory.map(Self.bytes) ?? "")",
        Table.Cell(
          worker.ending.rawValue + (worker.ending == .lost ? ": \(worker.reason ?? "")" : ""),
          worker.ending == .lost ? .red : nil),
      ])
    }
    return table.lines(on: terminal)
  }

  private var slowest: [String] {
    guard !run.slowest.isEmpty else { return [] }
    var table = Table(["slowest", "worker", "at", "attempt", "of"], numbers: [0, 1, 2, 3])
    for item in run.slowest {
      let positions = item.count == 1 ? "item \(item.first)" : "items \(item.first) to \(item.first + item.count - 1)"
      table.add([
        "\(Self.seconds(item.seconds))", "\(item.worker)", "\(Self.seconds(item.start))", "\(item.attempt)",
        Table.Cell(
          "\(positions)\(item.map > 0 ? " of map \(item.map)" : ""), \(item.function)\(item.failed ? ", failed" : "")"),
      ])
    }
    return table.lines(on: terminal)
  }

  private var timeline: [String] {
    guard !run.timeline.isEmpty else { return [] }
    var table = Table(["at", "what"], numbers: [0])
    for moment in run.timeline { table.add(["\(Self.seconds(moment.t))", "\(moment.text)"]) }
    return table.lines(on: terminal)
  }

  // MARK: Numbers

  private static func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }

  private static func percent(_ part: Double) -> String { "\(Int((part * 100).rounded())) %" }

  /// As for `muster status`, but finer below 10 s.
  static func seconds(_ value: Double) -> String { value < 10 ? "\(decimal(value, 3)) s" : StatusView.time(value) }

  static func bytes(_ value: Int) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var number = Double(value)
    var unit = 0
    while number >= 1024, unit < units.count - 1 {
      number /= 1024
      unit += 1
    }
    return unit == 0 ? "\(value) B" : "\(decimal(number, number < 10 ? 1 : 0)) \(units[unit])"
  }

  private static func decimal(_ value: Double, _ digits: Int) -> String {
    let scale = (0..<digits).reduce(1) { scale, _ in scale * 10 }
    let whole = Int((value * Double(scale)).rounded())
    guard digits > 0 else { return "\(whole)" }
    let rest = "\(whole % scale)"
    return "\(whole / scale)." + String(repeating: "0", count: digits - rest.count) + rest
  }
}

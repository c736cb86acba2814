/// A run as Chrome (chrome://tracing) and Perfetto (ui.perfetto.dev) show it: the Trace Event Format's JSON object. A worker
/// is a process there, each of its maps a thread.
struct ChromeTrace: Encodable {
  struct Event: Encodable, Equatable {
    let name: String
    /// `X` has a duration, `i` is a moment, `C` a counter, `M` says what something is called.
    let ph: String
    let pid: Int
    var tid = 0
    /// In microseconds, as is `dur`.
    var ts: Double?
    var dur: Double?
    /// How far a moment is drawn: `g` over everything, `p` over its process.
    var s: String?
    var args: [String: Value]?
  }

  enum Value: Encodable, Equatable {
    case text(String)
    case number(Double)

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .text(let text): try container.encode(text)
      case .number(let number): try container.encode(number)
      }
    }
  }

  let displayTimeUnit = "ms"
  let traceEvents: [Event]

  init(_ run: RecordedRun) {
    var names = [1: "process 1 on \(run.heading.host ?? "")"]
    var functions: [Int: String] = [:]
    var events: [Event] = []
    for line in run.lines {
      switch line.event {
      case "joined": names[line.worker ?? 0] = "worker \(line.worker ?? 0) on \(line.host ?? "")"
      case "map": functions[line.map ?? 0] = line.function
      default: break
      }
      events += Self.events(of: line, functions)
    }
    let titles = names.sorted { $0.key < $1.key }.flatMap { pid, name in
      [
        Event(name: "process_name", ph: "M", pid: pid, args: ["name": .text(name)]),
        Event(name: "process_sort_index", ph: "M", pid: pid, args: ["sort_index": .number(Double(pid))]),
      ]
    }
    traceEvents = titles + events
  }

  private static func events(of line: EventLine, _ functions: [Int: String]) -> [Event] {
    let pid = line.worker ?? 1
    let now = line.t * 1e6
    func moment(_ name: String, _ scope: String) -> [Event] {
      [Event(name: name, ph: "i", pid: pid, ts: now, s: scope)]
    }
    switch line.event {
    case "item", "items": return [span(line, line.function ?? functions[line.map ?? 0] ?? "item")]
    case "lost": return moment("lost: \(line.reason ?? "")", "g")
    case "removed": return moment("removed", "p")
    case "joined": return moment("joined", "p")
    case "failure": return moment("failed: \(line.error ?? "")", "p")
    case "warning", "scheduler": return moment(line.text ?? line.event, "g")
    case "failed": return moment("the program fails: \(line.error ?? "")", "g")
    case "memory": return [counter("memory", line, ["peak bytes": line.peak ?? 0])]
    case "traffic":
      return [counter("traffic", line, ["sent bytes": line.sent ?? 0, "received bytes": line.received ?? 0])]
    default: return []
    }
  }

  private static func span(_ line: EventLine, _ function: String) -> Event {
    let count = line.count ?? 1
    let start = line.start ?? line.t
    var args: [String: Value] = ["items": .number(Double(count))]
    if let attempt = line.attempt, attempt > 1 { args["attempt"] = .number(Double(attempt)) }
    if line.failed == true { args["failed"] = .text("yes") }
    let isOne = line.event == "item"
    // Short ones lie anywhere in their second; for how long they took is said beside it.
    if !isOne { args["busy seconds"] = .number(line.seconds ?? 0) }
    let first = line.first ?? 0
    let name =
      isOne
      ? (count == 1 ? "\(function) \(first)" : "\(function) \(first)–\(first + count - 1)") : "\(function) × \(count)"
    return Event(
      name: name, ph: "X", pid: line.worker ?? 1, tid: line.map ?? 0, ts: start * 1e6,
      dur: (isOne ? line.seconds ?? 0 : max(0, line.t - start)) * 1e6, args: args)
  }

  private static func counter(_ name: String, _ line: EventLine, _ values: [String: Int]) -> Event {
    Event(name: name, ph: "C", pid: line.worker ?? 1, ts: line.t * 1e6, args: values.mapValues { .number(Double($0)) })
  }
}

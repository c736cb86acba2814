import Muster

/// A line of a time line. Workers that come or go one after the other are one.
struct Moment: Encodable, Equatable, Sendable {
  let t: Double
  let text: String

  static func all(in lines: [EventLine]) -> [Moment] {
    var moments: [Moment] = []
    var group: [EventLine] = []
    func close() {
      if let last = group.last { moments.append(Moment(t: last.t, text: text(of: group))) }
      group = []
    }
    for line in lines {
      if line.event == "joined" || line.event == "removed" {
        if group.last.map({ $0.event != line.event }) == true { close() }
        group.append(line)
      } else if let text = text(of: line) {
        close()
        moments.append(Moment(t: line.t, text: text))
      }
    }
    close()
    return moments
  }

  /// Of several workers that have joined, or were removed.
  private static func text(of lines: [EventLine]) -> String {
    let numbers = lines.compactMap(\.worker)
    let who =
      numbers.count == 1 ? "worker \(numbers[0])" : "\(numbers.count) workers (\(ranges(of: numbers)))"
    guard lines[0].event == "joined" else { return "\(who) \(numbers.count == 1 ? "was" : "were") removed" }
    let hosts = Set(lines.compactMap(\.host)).sorted()
    return "\(who) joined, on \(NodeList(hosts))"
  }

  /// `2-4, 7`
  private static func ranges(of numbers: [Int]) -> String {
    var ranges: [ClosedRange<Int>] = []
    for number in numbers.sorted() {
      if let last = ranges.last, last.upperBound + 1 == number {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
    }
    return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
      .joined(separator: ", ")
  }

  private static func text(of line: EventLine) -> String? {
    switch line.event {
    case "launching": "\(line.manager ?? "") starts \(line.workers?.count ?? 0) workers"
    case "lost": "worker \(line.worker ?? 0) on \(line.host ?? "") was lost: \(line.reason ?? "")"
    case "map": "map \(line.map ?? 0) begins: \(line.function ?? "")"
    case "scheduler": line.text
    case "warning": "the batch system warns: \(line.text ?? "")"
    case "timeLeft": "\(StatusView.time(line.seconds ?? 0)) left of the job"
    case "failed": "the program fails: \(line.error ?? "")"
    case "end": "the end"
    default: nil
    }
  }
}

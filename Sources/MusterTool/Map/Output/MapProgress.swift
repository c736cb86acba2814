/// What the progress line says; a plain value.
struct MapProgress: Equatable, Sendable {
  var tally = Tally()
  /// Of all commands; `nil` as long as the end of the input is not in sight.
  var total: Int?
  var running = 0
  /// Commands that were lost with a worker and ran, or run, again.
  var lost = 0
  var retried = 0

  /// - Parameter seconds: since the beginning.
  func line(after seconds: Double) -> String {
    let rate = seconds > 0 ? Double(tally.done) / seconds : 0
    var words: [String] = []
    if let total {
      words.append("\(total > 0 ? tally.done * 100 / total : 100) %")
      words.append("\(tally.done) of \(total)")
    } else {
      words.append("\(tally.done) done")
    }
    if running > 0 { words.append("\(running) running") }
    words.append("\(Self.format(rate)) a second")
    if let total, tally.done < total, rate > 0 {
      words.append("\(Self.clock(Double(total - tally.done) / rate)) left")
    } else if total == tally.done {
      words.append("\(Self.clock(seconds)) in all")
    }
    words.append("\(tally.failed) failed")
    if retried > 0 { words.append("\(retried) retried") }
    if lost > 0 { words.append("\(lost) lost and repeated") }
    return words.joined(separator: ", ")
  }

  /// Three digits.
  private static func format(_ value: Double) -> String {
    if value >= 100 { return String(Int(value.rounded())) }
    let scale = value >= 10 ? 10.0 : 100.0
    return String((value * scale).rounded() / scale)
  }

  /// Hours, minutes and seconds, such as 0:07 or 1:02:30.
  static func clock(_ seconds: Double) -> String {
    let whole = Int(min(max(0, seconds), 1e9).rounded())
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
    let (hours, minutes) = (whole / 3600, whole / 60 % 60)
    return hours > 0 ? "\(hours):\(two(minutes)):\(two(whole % 60))" : "\(minutes):\(two(whole % 60))"
  }
}

import Muster

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
    words.append("\(ProgressReport.format(rate)) a second")
    if let total, tally.done < total, rate > 0 {
      words.append("\(ProgressReport.clock(Double(total - tally.done) / rate)) left")
    } else if total == tally.done {
      words.append("\(ProgressReport.clock(seconds)) in all")
    }
    words.append("\(tally.failed) failed")
    if retried > 0 { words.append("\(retried) retried") }
    if lost > 0 { words.append("\(lost) lost and repeated") }
    return words.joined(separator: ", ")
  }
}

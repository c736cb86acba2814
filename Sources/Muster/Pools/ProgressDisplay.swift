import CMuster
import Glibc
import Synchronization

/// Whether a map shows on standard error how far it is.
public enum ProgressDisplay: Sendable, Hashable {
  case none
  /// One line that is rewritten on a terminal; a new line now and then in a file.
  case bar
}

/// Counts finished items and shows them.
final class ProgressMeter: Sendable {
  /// Between two updates, in nanoseconds: on a terminal, and in a log.
  private static let intervals: (terminal: UInt64, log: UInt64) = (200_000_000, 5_000_000_000)

  private struct State {
    var report: ProgressReport
    var lastShown: UInt64
  }

  private let isShown: Bool
  private let isTerminal: Bool
  private let state: Mutex<State>

  init(display: ProgressDisplay, total: Int) {
    isShown = display == .bar && total > 0
    isTerminal = isatty(STDERR_FILENO) == 1
    let now = muster_now()
    state = Mutex(State(report: ProgressReport(total: total, start: now), lastShown: now))
  }

  /// What has been counted.
  var report: ProgressReport { state.withLock { $0.report } }

  func advance(succeeded: Int = 0, failed: Int = 0) {
    guard isShown, succeeded + failed > 0 else { return }
    show { report in
      report.succeeded += succeeded
      report.failed += failed
    }
  }

  func retried(_ count: Int) {
    guard isShown else { return }
    show { $0.retried += count }
  }

  func finish() {
    guard isShown else { return }
    let line = state.withLock { $0.report.line(now: muster_now()) }
    write(line, isLast: true)
  }

  private func show(_ change: (inout ProgressReport) -> Void) {
    let now = muster_now()
    let line = state.withLock { state -> String? in
      change(&state.report)
      guard now &- state.lastShown >= (isTerminal ? Self.intervals.terminal : Self.intervals.log) else { return nil }
      state.lastShown = now
      return state.report.line(now: now)
    }
    if let line { write(line, isLast: false) }
  }

  private func write(_ line: String, isLast: Bool) {
    let text = isTerminal ? "\r\u{1b}[K" + line + (isLast ? "\n" : "") : line + "\n"
    Array(text.utf8).withUnsafeBytes { muster_write_stream(true, $0.baseAddress!, $0.count) }
  }
}

/// What a progress line says; a plain value.
package struct ProgressReport: Sendable {
  let total: Int
  /// Monotonic nanoseconds.
  let start: UInt64
  var succeeded = 0
  var failed = 0
  var retried = 0

  func line(now: UInt64) -> String {
    let done = succeeded + failed
    let seconds = Double(now &- start) * 1e-9
    let rate = seconds > 0 ? Double(done) / seconds : 0
    var words = ["\(total > 0 ? done * 100 / total : 100) %", "\(done) of \(total)", "\(Self.format(rate)) a second"]
    if done < total, rate > 0 { words.append("\(Self.clock(Double(total - done) / rate)) left") }
    if done == total { words.append("\(Self.clock(seconds)) in all") }
    if failed > 0 { words.append("\(failed) failed") }
    if retried > 0 { words.append("\(retried) retried") }
    return words.joined(separator: ", ")
  }

  /// Three digits.
  package static func format(_ value: Double) -> String {
    if value >= 100 { return String(Int(value.rounded())) }
    let scale = value >= 10 ? 10.0 : 100.0
    return String((value * scale).rounded() / scale)
  }

  /// Hours, minutes and seconds, such as 0:07 or 1:02:30.
  package static func clock(_ seconds: Double) -> String {
    let whole = Int(min(max(0, seconds), 1e9).rounded())
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
    let (hours, minutes) = (whole / 3600, whole / 60 % 60)
    return hours > 0 ? "\(hours):\(two(minutes)):\(two(whole % 60))" : "\(minutes):\(two(whole % 60))"
  }
}

import Glibc
import Muster
import Synchronization

/// Shows on standard error how far a map is: on a terminal one line that is rewritten in place, in a file a line a minute.
final class ProgressLine: Sendable {
  private static let intervals: (terminal: Duration, file: Duration) = (.milliseconds(200), .seconds(60))

  private struct State {
    var progress = MapProgress()
    /// The line is on the terminal now.
    var isShown = false
  }

  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let start = ContinuousClock.now
  private let state = Mutex(State())

  /// Shows it now and then, until the task is cancelled.
  func begin() -> Task<Void, any Error> {
    Task.onCluster { [self] in
      while true {
        if isTerminal { show() }
        try await Task.sleep(for: isTerminal ? Self.intervals.terminal : Self.intervals.file)
        if !isTerminal { show() }
      }
    }
  }

  func update(_ change: (inout MapProgress) -> Void) { state.withLock { change(&$0.progress) } }

  /// Something else is about to be written.
  func clear() {
    guard isTerminal else { return }
    state.withLock { state in
      guard state.isShown else { return }
      state.isShown = false
      write("\r\u{1b}[K")
    }
  }

  /// The last line; it stays.
  func finish() {
    show()
    if isTerminal { write("\n") }
  }

  private func show() {
    let seconds = Double((ContinuousClock.now - start) / .nanoseconds(1)) * 1e-9
    state.withLock { state in
      let line = state.progress.line(after: seconds)
      state.isShown = true
      write(isTerminal ? "\r" + line.prefix(Self.width - 1) + "\u{1b}[K" : line + "\n")
    }
  }

  /// A line that is wrapped could not be rewritten.
  private static var width: Int {
    var size = winsize()
    return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }

  private func write(_ text: String) {
    try? writeWhole(text.bytes, to: STDERR_FILENO, called: "standard error")
  }
}

import Glibc
import Muster
import Synchronization

/// Shows on standard error how far a map is: on a terminal one line that is rewritten in place, in a file a line a minute.
final class ProgressLine: Sendable {
  private struct Screen {
    /// The line is on the terminal now.
    var isShown = false
    /// What was written last has not ended its line, which is not ours to write over.
    var isInTheWay = false
  }

  private let descriptor: Int32
  private let terminal: Terminal
  private let interval: Duration
  private let start = ContinuousClock.now
  private let progress = Mutex(MapProgress())
  /// Held while something is written to the terminal.
  private let screen = Mutex(Screen())

  /// - Parameter interval: between two lines; where it goes decides if `nil`.
  init(descriptor: Int32 = STDERR_FILENO, interval: Duration? = nil) {
    self.descriptor = descriptor
    terminal = Terminal(descriptor: descriptor)
    self.interval = interval ?? (terminal.isTerminal ? .milliseconds(200) : .seconds(60))
  }

  /// Shows it now and then, until the task is cancelled.
  func begin() -> Task<Void, any Error> {
    Task.onCluster { [self] in
      if terminal.isTerminal { show() }
      while true {
        try await Task.sleep(for: interval)
        show()
      }
    }
  }

  func update(_ change: (inout MapProgress) -> Void) { progress.withLock { change(&$0) } }

  /// Writes something else; where the line stands on the same terminal, above it.
  func write(_ bytes: Bytes, to other: Int32, called name: String) throws(MapError) {
    guard terminal.isTerminal, isatty(other) == 1 else { return try writeWhole(bytes, to: other, called: name) }
    let failure = screen.withLock { screen -> MapError? in
      if screen.isShown { put("\r\u{1b}[K") }
      screen.isShown = false
      do throws(MapError) { try writeWhole(bytes, to: other, called: name) } catch { return error }
      screen.isInTheWay = bytes.last != UInt8(ascii: "\n")
      show(&screen)
      return nil
    }
    if let failure { throw failure }
  }

  /// The last line; it stays.
  func finish() {
    screen.withLock { screen in
      if screen.isInTheWay { put("\n") }
      screen.isInTheWay = false
      show(&screen)
      if terminal.isTerminal { put("\n") }
    }
  }

  private func show() { screen.withLock { show(&$0) } }

  private func show(_ screen: inout Screen) {
    guard !screen.isInTheWay else { return }
    let line = progress.withLock { $0 }.line(after: (ContinuousClock.now - start) / .seconds(1))
    // A line that is wrapped could not be rewritten.
    put(terminal.isTerminal ? "\r" + line.prefix(max(1, terminal.width - 1)) + "\u{1b}[K" : line + "\n")
    screen.isShown = true
  }

  private func put(_ text: String) { try? writeWhole(text.bytes, to: descriptor, called: "standard error") }
}

/// How many messages are kept under way to one worker; a pure value.
///
/// As many as make a millisecond of work: so a worker need not wait for the next of short items, and no long item waits
/// behind another while a worker idles. They are sent when half of the window has been answered, so that many leave and
/// come back together: a system call for each would cost more than the rest.
struct LaneWindow {
  /// How much work may be under way to one worker, in nanoseconds, and how many messages that may be.
  private static let horizon: UInt64 = 1_000_000
  static let maximumDepth = 64
  /// Nanoseconds for which a worker may not be let run on a busy machine without being slow.
  private static let hiccup: UInt64 = 20_000_000

  private(set) var depth = 1
  /// Nanoseconds of one message.
  private var interval: UInt64?
  private var answers = 0
  private var start: UInt64

  /// - Parameter now: monotonic nanoseconds.
  init(now: UInt64) { start = now }

  /// Whether it is time to send more.
  func isLow(underWay: Int) -> Bool { underWay <= depth / 2 }

  mutating func answered() { answers += 1 }

  /// Called when more is about to be sent. Grows by doubling, so that one quick answer does not send many items to a
  /// slow worker; shrinks by halves where it may be the machine that was busy for a moment.
  mutating func adjust(now: UInt64) {
    guard answers > 0 else { return }
    let elapsed = now &- start
    let measured = max(1, elapsed / UInt64(answers))
    let interval = if let last = self.interval, elapsed < Self.hiccup { min(measured, 2 * last) } else { measured }
    self.interval = interval
    depth = min(2 * depth, Self.maximumDepth, max(1, Int(clamping: Self.horizon / interval)))
    answers = 0
    start = now
  }
}

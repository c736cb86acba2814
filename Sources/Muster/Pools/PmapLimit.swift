import CMuster
import Synchronization

/// Until when a map hands out work: nothing that is not expected to be back by its end.
final class PmapLimit: Sendable {
  /// In monotonic nanoseconds.
  let end: UInt64
  private let times = Mutex(ItemTimes())

  init(end: UInt64) { self.end = end }

  var allowsAnother: Bool { allowsAnother(now: muster_now()) }

  func allowsAnother(now: UInt64) -> Bool {
    now &+ UInt64(times.withLock { $0.expected }.nanoseconds) < end
  }

  /// A unit has come back.
  ///
  /// - Parameter sent: when it was sent, in monotonic nanoseconds.
  func answered(_ unit: WorkUnit, sent: UInt64) {
    times.withLock { $0.add(.nanoseconds(Int64(muster_now() &- sent))) }
  }
}

/// Events that wait to be written: a plain value, and bounded. What does not fit is counted.
struct EventBuffer: Sendable {
  struct Entry: Sendable {
    let time: UInt64
    let event: Event
  }

  private(set) var entries: [Entry] = []
  private(set) var dropped = 0
  /// How many events there may be.
  let capacity: Int

  init(capacity: Int = 1 << 15) { self.capacity = capacity }

  /// More has come than is written: what can be put together should be.
  var isCrowded: Bool { entries.count >= capacity / 2 }

  mutating func add(_ event: Event, at time: UInt64) {
    guard entries.count < capacity else {
      dropped += 1
      return
    }
    entries.append(Entry(time: time, event: event))
  }

  /// Takes everything out, in order; behind it, how much was dropped.
  mutating func take(now: UInt64) -> [Entry] {
    var taken = entries
    if dropped > 0 { taken.append(Entry(time: now, event: .dropped(dropped))) }
    entries = []
    dropped = 0
    return taken
  }
}

import CMuster

/// What one worker does for a map, as the answers tell: a plain value that the lane keeps, so that an item costs two looks at
/// the clock and no lock.
///
/// Several messages may be under way to a worker, of which it works at one: an item is taken to begin when it is sent, or
/// when the answer before it comes, whichever is later. So the times of a lane do not overlap, and their sum is for how long
/// its worker had something to do. What takes a millisecond or more is an event of its own; shorter ones are put together,
/// one event a second.
struct LaneMeter: Sendable {
  static let shortest: UInt64 = 1_000_000
  static let period: UInt64 = 1_000_000_000

  let map: Int
  let worker: ProcessID
  /// When the latest answer came.
  private var latest: UInt64 = 0
  private var short: Event.ItemsDone?

  init(map: Int, worker: ProcessID) {
    self.map = map
    self.worker = worker
  }

  /// An answer has come. Returns the event that is to be recorded now, if there is one.
  ///
  /// - Parameters:
  ///   - sent: when the unit was sent, in monotonic nanoseconds.
  ///   - isFailed: there is an error in it, or the worker has gone.
  ///   - isCrowded: there are too many events: long ones are put together, too.
  mutating func answered(
    _ unit: WorkUnit, sent: UInt64, isFailed: Bool, isCrowded: Bool, now: UInt64
  ) -> Event? {
    let start = max(sent, latest)
    let duration = now > start ? now - start : 0
    latest = now
    if isFailed || (duration >= Self.shortest && !isCrowded) {
      let done = Event.ItemsDone(
        map: map, worker: worker, first: unit.positions.lowerBound, count: unit.positions.count,
        attempt: unit.attempt + 1, isFailed: isFailed, start: start, duration: duration)
      return .item(done)
    }
    if short == nil { short = Event.ItemsDone(map: map, worker: worker, messages: 0, start: start, duration: 0) }
    short!.count += unit.positions.count
    short!.messages += 1
    short!.duration += duration
    short!.longest = max(short!.longest, duration)
    return now > short!.start &+ Self.period ? flush() : nil
  }

  /// The short ones that have not been recorded.
  mutating func flush() -> Event? {
    defer { short = nil }
    return short.map { .items($0) }
  }
}

extension EventLog {
  /// Measures what a worker does for a map; `nil` where nobody wants to know.
  func meter(of worker: ProcessID, map: Int) -> LaneMeter? { isOn ? LaneMeter(map: map, worker: worker) : nil }

  @inline(__always)
  func answered(_ message: LaneMailbox.Message, _ reply: Reply, _ meter: inout LaneMeter?) {
    if meter != nil { note(message, reply, &meter!) }
  }

  private func note(_ message: LaneMailbox.Message, _ reply: Reply, _ meter: inout LaneMeter) {
    let event = meter.answered(
      message.unit, sent: message.sent, isFailed: reply.kind != .value, isCrowded: isCrowded, now: muster_now())
    if let event { record(event) }
  }

  /// The lane ends.
  func finish(_ meter: inout LaneMeter?) {
    if let event = meter?.flush() { record(event) }
  }
}

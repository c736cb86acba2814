import CMuster

/// How many values a loop over a channel elsewhere has lent at a time: no more than it takes in a few milliseconds, and
/// one at a time where others take from the channel, too.
struct ReadAheadPace {
  static let largest = 256
  /// Nanoseconds from asking for values to having taken all of them.
  static let horizon: UInt64 = 5_000_000
  private static let shortestRest = 16
  private static let longestRest = 4096

  private(set) var limit = 1
  private var begun: UInt64 = 0
  /// Values to take one by one before more are lent again.
  private var rest = 0
  private var nextRest = shortestRest

  /// The values of the latest request have been taken, and there will be another.
  mutating func proceed(now: UInt64) {
    defer { begun = now }
    if rest > 0 {
      rest -= 1
    } else if now &- begun <= Self.horizon {
      limit = min(2 * limit, Self.largest)
    } else {
      limit = max(1, limit / 2)
    }
    if limit == Self.largest { nextRest = Self.shortestRest }
  }

  /// Others want values.
  mutating func giveWay() {
    limit = 1
    rest = nextRest
    nextRest = min(2 * nextRest, Self.longestRest)
  }
}

/// Takes the values of a channel elsewhere, of which it has several lent at a time. Belongs to one loop.
final class ReadAhead<Element: Codable & Sendable> {
  private var pace = ReadAheadPace()
  private var values: [Element] = []
  private var borrowing: Borrowing?

  deinit { borrowing?.giveBack() }

  /// A value that is here.
  func takeNext() throws -> Element? {
    guard let borrowing else { return nil }
    if Task.isCancelled {
      borrowing.giveBack()
      throw CancellationError()
    }
    guard let place = try borrowing.takeNext() else { return nil }
    return values[place]
  }

  /// The next value, when none is here.
  func take(
    from handle: ChannelHandle, _ makeEntries: (FunctionRegistry) throws -> ChannelHandle.Entries
  ) async throws -> Element {
    if borrowing?.isRecalled == true { pace.giveWay() }
    borrowing = nil
    pace.proceed(now: muster_now())
    if pace.limit > 1 {
      do {
        (values, borrowing) = try await handle.borrow(pace.limit, makeEntries)
        return values[0]
      } catch let error as ClusterError where error.code == .cannotDecode || error.code == .cannotEncode {
        // One of them; those before it are not concerned.
        pace.giveWay()
      }
    }
    values = []
    return try await handle.take(makeEntries)
  }
}

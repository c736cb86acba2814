/// How long the items of a map take, and how long the next may; a plain value.
///
/// From the sending of an item to its answer, so that what it waits for on its worker counts too.
struct ItemTimes: Sendable {
  private(set) var count = 0
  private var mean = 0.0
  /// The sum of squared differences from the mean (Welford's recurrence).
  private var squares = 0.0
  private var longest = 0.0

  mutating func add(_ duration: Duration) {
    let seconds = duration / .seconds(1)
    count += 1
    let difference = seconds - mean
    mean += difference / Double(count)
    squares += difference * (seconds - mean)
    longest = max(longest, seconds)
  }

  /// What an item is expected to take at most: two standard deviations above the mean, but not more than the longest so
  /// far. Nothing is expected of the first.
  var expected: Duration {
    guard count > 0 else { return .zero }
    let deviation = (squares / Double(count)).squareRoot()
    return .seconds(min(longest, mean + 2 * deviation))
  }
}

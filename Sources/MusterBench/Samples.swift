import Histogram

/// How long each repetition of the same work took.
struct Samples: Sendable {
  private var histogram = Histogram<UInt64>(
    highestTrackableValue: 1_000_000_000_000, numberOfSignificantValueDigits: .three)

  mutating func record(since start: UInt64) { histogram.record(max(1, now() - start)) }

  fileprivate func seconds(percentile: Double) -> Double { Double(histogram.valueAtPercentile(percentile)) * 1e-9 }

  fileprivate mutating func add(_ other: Samples) { histogram.add(other.histogram) }
}

/// What several blocks of samples say, in seconds.
struct Summary: Sendable {
  /// The median of the blocks' medians: a disturbance of one block does not show.
  let median: Double
  /// Of all samples, disturbances included.
  let p99: Double

  init(_ blocks: [Samples]) {
    median = blocks.map { $0.seconds(percentile: 50) }.sorted()[blocks.count / 2]
    var all = Samples()
    for block in blocks { all.add(block) }
    p99 = all.seconds(percentile: 99)
  }
}

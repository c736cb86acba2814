import Muster

/// A body that costs next to nothing, so that what is around it shows.
struct ModuloSeven: RemoteLoopBody {
  func callAsFunction(_ i: Int) -> Int { i % 7 }
}

/// The loop as everybody writes it.
@inline(never)
private func plainSum(_ range: Range<Int>) -> Int {
  var sum = 0
  for i in range { sum += i % 7 }
  return sum
}

extension Row {
  /// A reduction on two workers, against the same loop in one process.
  static let loop = Row(name: "loop", transports: [.unix], targets: .everywhere(.ratioAtMost(0.75))) { bench in
    let count = bench.scaled(100_000_000)
    // Of each seven indices, 0 + 1 + … + 6; the rest adds up from 0.
    let expected = count / 7 * 21 + (0..<count % 7).reduce(0, +)
    return try await bench.withWorkers(2) { _ in
      let (ours, raw) = try await bench.interleave(ways: [.sleeps]) {
        try await measure(3, warmUp: 1) {
          let sum = try await distributed(0..<count, reduce: Muster.Sum(), ModuloSeven())
          try check(sum, is: expected, "the sum of a distributed loop")
        }
      } raw: { _ in
        var samples = Samples()
        for _ in 0..<3 {
          let start = now()
          let sum = plainSum(0..<count)
          samples.record(since: start)
          try check(sum, is: expected, "the sum of a plain loop")
        }
        return samples
      }
      return .time("loop", bench, ours, raw: raw)
    }
  }
}

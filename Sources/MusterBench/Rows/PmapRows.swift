import Muster

extension Row {
  /// A message per item: what the bookkeeping of `pmap` costs.
  static let pmap1 = Row(name: "pmap1", targets: [.unix: .atLeast(150e3)]) { bench in
    try await measurePmap("pmap1", bench, items: bench.scaled(50_000), batchSize: 1)
  }

  static let pmap100 = Row(name: "pmap100", transports: [.unix], targets: [.unix: .atLeast(3e6)]) { bench in
    try await measurePmap("pmap100", bench, items: bench.scaled(1_000_000), batchSize: 100)
  }

  private static func measurePmap(
    _ name: String, _ bench: Bench, items: Int, batchSize: Int
  ) async throws -> Measurement {
    try await bench.withWorkers(2) { pids in
      let ours = try await bench.repeated {
        try await measure(3, warmUp: 1) {
          let results = try await pmap(Increment(), 0..<items, batchSize: batchSize)
          try check(results == Array(1...items), is: true, "that the results of pmap are right")
        }
      }
      return .rate(name, bench, of: items, ours)
    }
  }
}

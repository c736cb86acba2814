import Muster

/// Looks up in a large captured array.
struct Lookup: RemoteFunction {
  let table: [Double]
  func callAsFunction(_ index: Int) -> Double { table[index] }
}

extension Row {
  /// A map over a function that has captured 80 MB, with other contents each time: they cross once to each worker, and
  /// the messages only name them.
  static let capture80MB = Row(name: "capture80MB", targets: .everywhere(.atMost(0.1))) { bench in
    let count = 10_000_000
    let items = (0..<100).map { $0 * (count / 100) }
    return try await bench.withWorkers(2) { _ in
      var table = (0..<count).map(Double.init)
      let summary = try await bench.repeated(blocks: bench.isQuick ? 1 : 5) {
        var samples = Samples()
        for _ in 0..<5 {
          for index in items { table[index] += 1 }
          let lookup = Lookup(table: table)
          let start = now()
          let results = try await pmap(lookup, items)
          samples.record(since: start)
          try check(results == items.map { table[$0] }, is: true, "that the workers have the captured array")
        }
        return samples
      }
      return .time("capture80MB", bench, summary)
    }
  }
}

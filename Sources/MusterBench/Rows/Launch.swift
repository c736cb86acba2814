import Glibc
import Muster

extension Row {
  /// From nothing to 16 workers that have each answered a call, against the bare cost of 16 processes.
  static let launch16 = Row(name: "launch16", transports: [.unix], targets: .everywhere(.atMost(0.4))) { bench in
    let count = 16
    let (ours, raw) = try await bench.interleave(blocks: bench.isQuick ? 1 : 5, ways: [.sleeps]) {
      var samples = Samples()
      let start = now()
      let pids = try await addprocs(count, options: bench.options)
      var futures: [Future<Int>] = []
      for pid in pids { futures.append(try await remotecall(Increment(), on: pid, 1)) }
      for future in futures { try check(try await future.fetch(), is: 2, "the answer of a new worker") }
      samples.record(since: start)
      try check(pids.count, is: count, "the number of new workers")
      try await rmprocs(pids)
      return samples
    } raw: { _ in
      var samples = Samples()
      let start = now()
      let pids = try (0..<count).map { _ in try spawn("/bin/true") }
      for pid in pids { waitpid(pid, nil, 0) }
      samples.record(since: start)
      return samples
    }
    return .time("launch16", bench, ours, raw: raw)
  }
}

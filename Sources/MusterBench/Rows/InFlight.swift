import Muster

extension Row {
  /// 20,000 calls are sent before the first answer is looked at.
  static let inflight = Row(name: "inflight", targets: .everywhere(.atLeast(1.5e6))) { bench in
    let (calls, rounds) = (20_000, bench.scaled(20))
    return try await bench.withWorkers(1) { pids in
      let (ours, raw) = try await bench.interleave(ways: [.adapts]) {
        try await measure(rounds) { try await sendThenFetch(calls, on: pids[0]) }
      } raw: { waiting in
        try RawRounds.exchange(over: bench.socket, waiting: waiting, window: calls, samples: rounds, warmUp: 2)
      }
      return .rate("inflight", bench, of: calls, ours, raw: raw)
    }
  }

  /// 64 tasks, each of which awaits one call at a time.
  static let callers64 = Row(name: "callers64") { bench in
    let (callers, callsEach, rounds) = (64, 300, bench.scaled(20))
    return try await bench.withWorkers(1) { pids in
      let (ours, raw) = try await bench.interleave {
        try await measure(rounds) { try await call(from: callers, callsEach, on: pids[0]) }
      } raw: { waiting in
        try RawRounds.exchange(
          over: bench.socket, waiting: waiting, window: callers, windows: callsEach, samples: rounds, warmUp: 2)
      }
      return .rate("callers64", bench, of: callers * callsEach, ours, raw: raw)
    }
  }

  static func measure(_ rounds: Int, warmUp: Int = 2, _ round: () async throws -> Void) async throws -> Samples {
    for _ in 0..<warmUp { try await round() }
    var samples = Samples()
    for _ in 0..<rounds {
      let start = now()
      try await round()
      samples.record(since: start)
    }
    return samples
  }

  private static func sendThenFetch(_ calls: Int, on pid: ProcessID) async throws {
    var futures: [Future<Int>] = []
    futures.reserveCapacity(calls)
    for number in 0..<calls { futures.append(try await remotecall(Increment(), on: pid, number)) }
    var sum = 0
    for future in futures { sum += try await future.fetch() }
    try check(sum, is: sumOfIncrements(calls), "the sum of the fetched results")
  }

  private static func call(from callers: Int, _ callsEach: Int, on pid: ProcessID) async throws {
    let sum = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<callers {
        group.addTask {
          var sum = 0
          for number in 0..<callsEach { sum += try await remotecallFetch(Increment(), on: pid, number) }
          return sum
        }
      }
      return try await group.reduce(0, +)
    }
    try check(sum, is: callers * sumOfIncrements(callsEach), "the sum of the answers to 64 callers")
  }
}

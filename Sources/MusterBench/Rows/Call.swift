import Muster

/// The least a function can do and still be checked.
struct Increment: RemoteFunction {
  func callAsFunction(_ number: Int) -> Int { number + 1 }
}

extension Row {
  /// One call and its answer, against a ping-pong between two processes that spin.
  static let call = Row(name: "call", targets: .everywhere(.ratioAtMost(1.5))) { bench in
    try await measureCall("call", bench, raw: .spins)
  }

  /// The same against a ping-pong that sleeps in the kernel: what a plain program would have.
  static let callBlocking = Row(name: "callBlocking") { bench in
    try await measureCall("callBlocking", bench, raw: .sleeps)
  }

  private static func measureCall(_ name: String, _ bench: Bench, raw waiting: Waiting) async throws -> Measurement {
    let calls = bench.scaled(10_000)
    return try await bench.withWorkers(1) { pids in
      let (ours, raw) = try await bench.interleave(ways: [waiting]) {
        try await oneByOne(calls, on: pids[0])
      } raw: { waiting in
        try RawRounds.exchange(over: bench.socket, waiting: waiting, window: 1, samples: calls, warmUp: calls / 10)
      }
      return .time(name, bench, ours, raw: raw)
    }
  }

  private static func oneByOne(_ calls: Int, on pid: ProcessID) async throws -> Samples {
    for _ in 0..<(calls / 10) { _ = try await remotecallFetch(Increment(), on: pid, 0) }
    var samples = Samples()
    var sum = 0
    for number in 0..<calls {
      let start = now()
      let answer = try await remotecallFetch(Increment(), on: pid, number)
      samples.record(since: start)
      sum += answer
    }
    try check(sum, is: sumOfIncrements(calls), "the sum of the answers")
    return samples
  }
}

/// 1 + 2 + … + count: what `Increment` makes of 0..<count, added up.
func sumOfIncrements(_ count: Int) -> Int { count * (count + 1) / 2 }

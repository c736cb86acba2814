import Muster
import Synchronization

/// What has been executed in this worker.
private enum Executed {
  static let count = Atomic<Int>(0)
}

struct CountExecution: RemoteProcedure {
  func callAsFunction(_ number: Int) { Executed.count.wrappingAdd(number, ordering: .relaxed) }
}

/// How many have been executed since it was last asked.
struct TakeExecuted: RemoteThunk {
  func callAsFunction() -> Int { Executed.count.exchange(0, ordering: .relaxed) }
}

extension Row {
  /// A million functions without an answer, and a fetch that confirms them.
  static let remoteDo = Row(name: "remoteDo", targets: .everywhere(.atLeast(3e6))) { bench in
    let casts = bench.scaled(1_000_000)
    return try await bench.withWorkers(1) { pids in
      let (ours, raw) = try await bench.interleave {
        try await measure(1, warmUp: 1) { try await cast(casts, to: pids[0]) }
      } raw: { waiting in
        try RawRounds.send(casts, over: bench.socket, waiting: waiting, samples: 1)
      }
      return .rate("remoteDo", bench, of: casts, ours, raw: raw)
    }
  }

  private static func cast(_ casts: Int, to pid: ProcessID) async throws {
    for _ in 0..<casts { try await Muster.remoteDo(CountExecution(), on: pid, 1) }
    // A fetch proves that what was sent before has begun; a thread that took over may still be in the last of it.
    var executed = 0
    for _ in 0..<1000 where executed < casts { executed += try await remotecallFetch(TakeExecuted(), on: pid) }
    try check(executed, is: casts, "the number of executed functions")
  }
}

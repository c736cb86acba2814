import Muster
import Synchronization

/// How often this worker has been told.
private let told = Atomic<Int>(0)

struct Tell: RemoteAction {
  func callAsFunction() { told.wrappingAdd(1, ordering: .relaxed) }
}

struct TimesTold: RemoteThunk {
  func callAsFunction() -> Int { told.load(ordering: .relaxed) }
}

extension Row {
  /// One function on 256 workers that have their connections.
  static let everywhere256 = Row(
    name: "everywhere256", transports: [.unix], targets: .everywhere(.atMost(0.05))
  ) { bench in
    let (calls, warmUp) = (20, 2)
    return try await bench.withWorkers(bench.scaled(256)) { pids in
      let ours = try await bench.repeated(blocks: 1) {
        try await measure(calls, warmUp: warmUp) { try await everywhere(on: pids, Tell()) }
      }
      for pid in pids {
        try check(try await remotecallFetch(TimesTold(), on: pid), is: calls + warmUp, "how often a worker was told")
      }
      return .time("everywhere256", bench, ours)
    }
  }
}

import Muster

enum Troubleshooting: Page {
  static func run() async throws {
    try await addprocs(2)
    try await recompute()
  }

  struct Square: RemoteFunction {
    func callAsFunction(_ x: Int) -> Int { x * x }
  }

  static func recompute() async throws {
    let results = try await pmap(
      Square(), 1...100, retryDelays: ExponentialBackoff(n: 3), retryCheck: { $0 is ProcessExitedError })
    try expect(results.count == 100, "\(results)")
  }

  struct Search: RemoteFunction {
    func callAsFunction(_ start: Int) async throws -> Int {
      var x = start
      for step in 1...1_000_000 {
        if step % 1_000 == 0 { try Task.checkCancellation() }
        x = x &* 6_364_136_223_846_793_005 &+ 1
      }
      return x
    }
  }
}

import Foundation
import Muster

enum PoolsAndMaps: Page {
  static func run() async throws {
    try await addprocs(2)
    try await maps()
    try await severalArguments()
    try await failures()
    try await retries()
    try await stream()
    try await inTime()
    try await pools()
    try await caching()
    try await retryAnything()
  }

  struct Simulate: RemoteFunction {
    var steps = 1_000

    func callAsFunction(_ seed: Int) throws -> Double {
      guard seed >= 0 else { throw BadSeed(seed: seed) }
      return Double(seed % 7) / Double(steps)
    }
  }

  struct BadSeed: Error, Codable {
    let seed: Int
  }

  // MARK: pmap

  static func maps() async throws {
    let seeds = 1...10_000
    let results = try await pmap(Simulate(), 1...100)  // one result for each item, in order
    let cheap = try await pmap(Simulate(), seeds, batchSize: 100)  // 100 items in a message
    let shown = try await pmap(Simulate(), seeds, batchSize: 100, progress: .bar)
    try expect(results.count == 100 && cheap == shown, "\(results.count)")
  }

  struct Add: RemoteThunk {
    let a: Int
    let b: Int

    func callAsFunction() -> Int { a + b }
  }

  static func severalArguments() async throws {
    let sums = try await pmap(zip([1, 2, 3], [10, 20, 30])) { Add(a: $0, b: $1) }
    try expect(sums == [11, 22, 33], "\(sums)")
  }

  // MARK: Failures

  static func failures() async throws {
    let replaced = try await pmap(Simulate(), [1, -1, 2], onError: { _ in .nan })  // in the place of items that failed
    let results = await pmapResults(Simulate(), [1, -1, 2])  // [.success, .failure, .success]
    try expect(replaced[1].isNaN, "\(replaced)")
    let succeeded = results.map { (try? $0.get()) != nil }
    try expect(succeeded == [true, false, true], "\(results)")
  }

  static func retries() async throws {
    let results = try await pmap(
      Simulate(), 1...100,
      retryDelays: ExponentialBackoff(n: 3, firstDelay: .seconds(1)),
      retryCheck: { $0 is ProcessExitedError })
    try expect(results.count == 100, "\(results.count)")
  }

  // MARK: Streams

  static func stream() async throws {
    var best: (seed: Int, value: Double) = (0, .infinity)
    for try await (index, value) in pmapStream(Simulate(), 0..., inFlight: 100) {  // an endless sequence
      if value < best.value { best = (index, value) }
      if best.value < 0.001 { break }  // gives up what is queued, and interrupts what runs
    }
    try expect(best.value == 0, "\(best)")
  }

  // MARK: Jobs that end

  static func inTime() async throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("muster-\(UUID())").path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try await journal(directory)
    try await stopBefore(directory)
  }

  static func journal(_ directory: String) async throws {
    let results = try await pmap(Simulate(), 1...1_000, journal: "\(directory)/results.journal")
    try expect(results.count == 1_000, "\(results.count)")
  }

  static func stopBefore(_ directory: String) async throws {
    let part = try await pmap(
      Simulate(), 1...1_000, stopBefore: .seconds(60), journal: "\(directory)/results.journal")
    print("\(part.values.count - part.left.count) are done, \(part.left.count) are left")
    if !part.isComplete { exit(75) }  // for the job script: there is more to do
    try expect(part.isComplete, "\(part.left)")
  }

  // MARK: Pools

  static func pools() async throws {
    let pool = WorkerPool([2, 3])
    let results = try await pmap(Simulate(), 1...100, on: pool)
    let one = try await remotecallFetch(Simulate(), on: pool, 7)  // on whichever of them is free

    let simulate = remote(Simulate())  // a closure that takes a free worker of the default pool
    let other = try await simulate(8)
    try expect(results.count == 100 && one == 0 && other == 0.001, "\(one) \(other)")
  }

  struct LookUp: RemoteFunction {
    let table: [Double]

    func callAsFunction(_ index: Int) -> Double { table[index] }
  }

  static func caching() async throws {
    let bigTable = (0..<1_000_000).map(Double.init)
    let pool = CachingPool(workers())
    let first = try await pmap(LookUp(table: bigTable), 0..<100, on: pool)  // 8 MB to each worker, once
    let second = try await pmap(LookUp(table: bigTable), 0..<100, on: pool)  // nothing of the table
    try await clear(pool)  // the workers forget it
    try expect(first == second, "\(first.count)")
  }

  static func retryAnything() async throws {
    let value = try await retry(delays: ExponentialBackoff(n: 5)) {
      try await remotecallFetch(Simulate(), on: 2, 1)
    }
    try expect(value == 0.001, "\(value)")
  }
}

import Muster
import Synchronization
import Testing

/// A map in a map in a map, on the default pools of the processes or on one pool that is sent along.
struct NestedSum: RemoteFunction {
  let depth: Int
  var pool: WorkerPool?
  var batchSize = 1

  func callAsFunction(_ x: Int) async throws -> Int {
    if depth == 0 { return x }
    let inner = NestedSum(depth: depth - 1, pool: pool, batchSize: batchSize)
    return try await pmap(inner, 0..<4, on: pool, batchSize: batchSize).reduce(x, +)
  }

  /// The same without processes.
  static func expected(_ depth: Int, _ x: Int) -> Int {
    depth == 0 ? x : (0..<4).map { expected(depth - 1, $0) }.reduce(x, +)
  }
}

/// Calls a function on a worker of the pool that it was called from.
struct CallOnPool: RemoteFunction {
  let depth: Int
  let pool: WorkerPool

  func callAsFunction(_ x: Int) async throws -> Int {
    if depth == 0 { return x }
    let inner = CallOnPool(depth: depth - 1, pool: pool)
    return try await remotecallFetch(inner, on: pool, x + 1)
      + remotecall(inner, on: pool, x + 1).fetch()
  }
}

struct MapHere: RemoteFunction {
  func callAsFunction(_ count: Int) async throws -> [ProcessID] { try await pmap(Slow(), 0..<count) }
}

enum SentPool: String, CaseIterable {
  case none, workerPool, cachingPool, withProcess1

  func pool(_ pids: [ProcessID]) -> WorkerPool? {
    switch self {
    case .none: nil
    case .workerPool: WorkerPool(pids)
    case .cachingPool: CachingPool(pids)
    case .withProcess1: WorkerPool([1] + pids)
    }
  }
}

struct Nesting: CustomStringConvertible, Sendable {
  let depth, workers, batchSize: Int
  let sent: SentPool

  static let all = [1, 2].flatMap { workers in
    [(2, 1), (3, 1), (3, 3)].flatMap { depth, batchSize in
      SentPool.allCases.map { Nesting(depth: depth, workers: workers, batchSize: batchSize, sent: $0) }
    }
  }

  var description: String { "depth \(depth), \(workers) workers, batches of \(batchSize), pool: \(sent)" }
}

extension ClusterTests {
  @Suite struct NestedMaps {
    @Test(arguments: [1, 2]) func nestedMapsDoNotStarve(workers: Int) async throws {
      try await withWorkers(workers) { (pids) async throws in
        for nesting in Nesting.all where nesting.workers == workers {
          let pool = nesting.sent.pool(pids)
          let results = try await within(.seconds(60), nesting.description) {
            try await pmap(
              NestedSum(depth: nesting.depth, pool: pool, batchSize: nesting.batchSize), 0..<6,
              on: pool, batchSize: nesting.batchSize)
          }
          #expect(results == (0..<6).map { NestedSum.expected(nesting.depth, $0) }, "\(nesting)")
          let used: any AbstractWorkerPool = pool ?? defaultWorkerPool()
          try await eventually("\(nesting): all workers are back") { try await used.isReady }
          for _ in 0..<(try await used.count) { _ = try await within(.seconds(20), "take") { try await used.take() } }
          for pid in pids { used.put(pid) }
          used.put(1)
        }
      }
    }

    @Test(arguments: [1, 2]) func nestedCallsOnAPoolDoNotStarve(workers: Int) async throws {
      try await withWorkers(workers) { (pids) async throws in
        let pool = WorkerPool(pids)
        let value = try await within(.seconds(60), "nested calls") {
          try await remotecallFetch(CallOnPool(depth: 3, pool: pool), on: pool, 0)
        }
        #expect(value == 8 * 3)
        try await eventually("all workers are back") { try await pool.isReady }
      }
    }

    @Test func aMapInAMapUsesAllWorkers() async throws {
      try await withWorkers(3) { (pids) async throws in
        let used = try await within(.seconds(60), "pmap") { try await pmap(MapHere(), [60]) }
        #expect(Set(used[0]) == Set(pids))
        let onProcess1 = try await within(.seconds(60), "pmap") { try await pmap(MapHere(), [60], distributed: false) }
        #expect(Set(onProcess1[0]) == Set(pids))
      }
    }
  }
}

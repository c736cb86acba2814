import Synchronization
import Testing

@testable import Muster

/// Uses a pool in whatever way in another process.
struct UsePool: RemoteFunction {
  enum Use: String, Codable, CaseIterable { case take, put, wait, push, status, keep }
  let pool: WorkerPool
  /// Under which number `keep` keeps it.
  var place = 0

  func callAsFunction(_ use: Use) async throws -> [ProcessID] {
    switch use {
    case .take: return [try await pool.take()]
    case .put: pool.put(7)
    case .wait: try await pool.wait()
    case .push: try await pool.push(9)
    case .status: return try await pool.workers + (pool.isReady ? [0] : [])
    case .keep: keptPools.withLock { $0[place] = pool }
    }
    return []
  }
}

/// The clusters of a test share its memory.
private let keptPools = Mutex<[Int: WorkerPool]>([:])

struct ReturnKeptPool: RemoteFunction {
  func callAsFunction(_ place: Int) throws -> WorkerPool { keptPools.withLock { $0[place]! } }
}

@Test func `a pool is used in another process as in its own`() async throws {
  try await withClusters(2) { group in
    let pool = WorkerPool([7, 8])
    let there = UsePool(pool: pool)
    #expect(try await remotecallFetch(there, on: 2, .take) == [7])
    #expect(try await remotecallFetch(there, on: 2, .status) == [7, 8, 0])
    #expect(try await pool.take() == 8)
    #expect(try await remotecallFetch(there, on: 2, .status) == [7, 8])
    _ = try await remotecallFetch(there, on: 2, .put)
    #expect(try await pool.take() == 7)
    _ = try await remotecallFetch(there, on: 2, .push)
    #expect(try await pool.count == 3)
    _ = try await remotecallFetch(there, on: 2, .wait)
    #expect(try await remotecallFetch(there, on: 2, .take) == [9])
  }
}

@Test func `a task of another process waits until a worker is put back`() async throws {
  try await withClusters(2) { group in
    let pool = WorkerPool([7])
    #expect(try await pool.take() == 7)
    let there = UsePool(pool: pool)
    let waiting = try await remotecall(there, on: 2, .wait)
    let taking = try await remotecall(there, on: 2, .take)
    await eventually("they do not wait") { pool.handle.core!.waiterCount == 2 }
    #expect(try await !waiting.isReady())
    pool.put(7)
    #expect(try await waiting.fetch() == [])
    #expect(try await taking.fetch() == [7])
  }
}

@Test func `a take that is cancelled in another process swallows no worker`() async throws {
  try await withClusters(2) { group in
    let pool = WorkerPool([7])
    let (proxy, two) = (try await received(pool, by: group[2]), group[2])
    for round in 0..<50 {
      let isFree = round % 2 == 0
      if !isFree { #expect(try await pool.take() == 7) }
      // Cancelled before, while or after the worker is granted.
      let taking = two.run0 { try await proxy.take() }
      if round % 3 == 0 { await Task.yield() }
      taking.cancel()
      if !isFree { pool.put(7) }
      if case .success = await taking.result { proxy.put(7) }
      await eventually("the worker is not back") { pool.handle.core!.isReady && pool.handle.core!.waiterCount == 0 }
    }
  }
}

@Test func `what a process had taken that has gone is given back`() async throws {
  try await withClusters(3) { group in
    let pool = WorkerPool([7, 8])
    #expect(try await remotecallFetch(UsePool(pool: pool), on: 2, .take) == [7])
    #expect(try await pool.take() == 8)
    _ = try await remotecall(UsePool(pool: pool), on: 2, .take)
    await eventually("nobody waits") { await pool.waiterCount == 1 }
    await group[1].processLost(2, reason: "a test")
    #expect(try await pool.take() == 7)
    #expect(await pool.waiterCount == 0)
  }
}

@Test func `a pool lives as long as any process has it, and comes home as itself`() async throws {
  try await withClusters(2) { group in
    do {
      let pool = WorkerPool([7])
      _ = try await remotecallFetch(UsePool(pool: pool, place: 1), on: 2, .keep)
    }
    #expect(group[1].references.count == 1)
    let home = try await remotecallFetch(ReturnKeptPool(), on: 2, 1)
    #expect(home.handle.core != nil)
    #expect(try await home.take() == 7)
    #expect(try await remotecallFetch(UsePool(pool: home), on: 2, .status) == [7])
    keptPools.withLock { $0[1] = nil }
  }
}

@Test func `a pool that comes from outside the cluster says that there is nothing behind it`() async throws {
  let writer = FrameWriter()
  try writer.encode([WorkerPool([2])])
  try writer.encode(CachingPool([2]))
  try writer.withUnsafeBytes { bytes in
    var reader = FrameReader(bytes)
    let pools = try reader.decode([WorkerPool].self) + [reader.decode(CachingPool.self)]
    #expect(pools.allSatisfy { $0.handle.core == nil })
  }
  let empty = try writer.withUnsafeBytes { bytes in
    var reader = FrameReader(bytes)
    return try reader.decode([WorkerPool].self)[0]
  }
  await expectCode(.invalidArgument) { _ = try await empty.take() }
  await expectCode(.invalidArgument) { try await empty.push(3) }
  await expectCode(.invalidArgument) { _ = try await empty.count }
  #expect(await empty.waiterCount == 0)
  empty.put(2)
}

/// The pool as another process has it.
private func received(_ pool: WorkerPool, by cluster: Cluster) async throws -> WorkerPool {
  _ = try await remotecallFetch(UsePool(pool: pool, place: 2), on: cluster.myid, .keep)
  return keptPools.withLock { $0.removeValue(forKey: 2)! }
}

extension Cluster {
  /// A task of a program of this process.
  fileprivate func run0<Value: Sendable>(
    _ body: @escaping @Sendable () async throws -> Value
  ) -> Task<Value, any Error> {
    Task(executorPreference: engine) { try await Cluster.$taskCluster.withValue(self) { try await body() } }
  }
}

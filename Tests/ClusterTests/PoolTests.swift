import Glibc
import Synchronization
import Testing

@testable import Muster

enum PoolKind: String, CaseIterable, Codable {
  case standard, workerPool, cachingPool

  func pool(_ pids: [ProcessID]) -> any AbstractWorkerPool {
    switch self {
    case .standard: defaultWorkerPool()
    case .workerPool: WorkerPool(pids)
    case .cachingPool: CachingPool(pids)
    }
  }
}

/// Uses a pool that was sent.
struct WaitForPool: RemoteThunk {
  let pool: WorkerPool
  func callAsFunction() async throws -> Bool {
    try await pool.wait()
    return try await pool.isReady
  }
}

struct MapOnPool: RemoteFunction {
  let pool: WorkerPool
  func callAsFunction(_ count: Int) async throws -> [ProcessID] { try await pmap(Slow(), 0..<count, on: pool) }
}

struct TakeAndDie: RemoteThunk {
  let pool: WorkerPool
  func callAsFunction() async throws -> Int {
    _ = try await pool.take()
    kill(getpid(), SIGKILL)
    return 0
  }
}

extension ClusterTests {
  @Suite struct Pools {
    @Test(arguments: PoolKind.allCases, [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
    func aCallTakesAWorkerOutOfThePoolAndGivesItBackWhateverTheOrderOfCompletion(
      kind: PoolKind, order: [Int]
    ) async throws {
      try await withWorkers(3) { (pids) async throws in
        let pool = kind.pool(pids)
        #expect(try await pool.count == 3)
        let gates = pids.map { _ in Future<Int>() }
        var calls: [Future<Int>] = []
        for gate in gates {
          // Ready while any worker is idle.
          #expect(try await pool.isReady)
          calls.append(try await remotecall(AwaitFuture(), on: pool, gate))
        }
        #expect(try await !pool.isReady)
        for index in order {
          try await gates[index].put(index)
          let call = calls[index]
          #expect(try await within(.seconds(20), "the call") { try await call.fetch() } == index)
          try await eventually("its worker is back") { try await pool.isReady }
        }
        var taken: Set<ProcessID> = []
        for _ in pids { taken.insert(try await within(.seconds(20), "take") { try await pool.take() }) }
        #expect(taken == Set(pids))
        #expect(try await !pool.isReady)
        for pid in pids { pool.put(pid) }
      }
    }

    @Test func theNumberOfCallsInFlightReturnsToZero() async throws {
      try await withWorkers(2) { (pids) async throws in
        var calls: [Future<Int>] = []
        for number in 0..<100 { calls.append(try await remotecall(Square(), on: WorkerPool(pids), number)) }
        for (number, call) in calls.enumerated() { #expect(try await call.fetch() == number * number) }
        for pid in pids {
          await eventually("no call is open") {
            Cluster.current.openLink(to: pid)?.pending.withLock { $0.count } == 0
          }
        }
      }
    }

    @Test(arguments: [1, 2]) func waitEndsWhenAWorkerIsPutBack(caller: Int) async throws {
      try await withWorkers(2) { (pids) async throws in
        let pool = WorkerPool([pids[0]])
        let pid = try await pool.take()
        let caller = caller == 1 ? ProcessID(1) : pids[1]
        let waiting = try await remotecall(WaitForPool(pool: pool), on: caller)
        await eventually("it waits") { await pool.waiterCount == 1 }
        #expect(try await !waiting.isReady())
        pool.put(pid)
        #expect(try await within(.seconds(20), "wait") { try await waiting.fetch() })
        #expect(try await pool.isReady)
      }
    }

    @Test func aPoolCanBeSentToAWorkerAndUsedThere() async throws {
      try await withWorkers(3) { (pids) async throws in
        for pool in [WorkerPool([pids[1]]), WorkerPool(pids.dropFirst()), CachingPool([pids[2]])] {
          let members = try await pool.workers
          let used = try await within(.seconds(30), "pmap") {
            try await remotecallFetch(MapOnPool(pool: pool), on: pids[0], 40)
          }
          #expect(Set(used) == Set(members))
          try await eventually("the workers are back") { try await pool.isReady }
        }
      }
    }

    @Test func workersThatADyingProcessHadTakenAreGivenBack() async throws {
      try await withWorkers(2) { (pids) async throws in
        let pool = WorkerPool([1, pids[1]])
        await thrown(ProcessExitedError.self) {
          try await remotecallFetch(TakeAndDie(pool: pool), on: pids[0])
        }
        let taken = [try await within(.seconds(20), "take") { try await pool.take() }, try await pool.take()]
        #expect(Set(taken) == [1, pids[1]])
      }
    }

    @Test(arguments: PoolKind.allCases) func aFailingCallFailsAtFetchAndGivesItsWorkerBack(kind: PoolKind) async throws
    {
      try await withWorkers(1) { (pids) async throws in
        let pool = kind.pool(pids)
        let future = try await remotecall(ThrowFoobar(), on: pool)
        await thrown(RemoteError.self) { try await future.fetch() }
        await thrown(RemoteError.self) { try await remotecallFetch(ThrowFoobar(), on: pool) }
        await thrown(RemoteError.self) { try await remotecallWait(ThrowFoobar(), on: pool) }
        try await eventually("it is back") { try await pool.isReady }
      }
    }

    @Test func takingFromAPoolWhoseWorkersHaveGoneIsATypedError() async throws {
      try await withWorkers(1) { (pids) async throws in
        let pool = WorkerPool(pids)
        _ = try await pool.take()
        let waiting = Task { try await pool.take() }
        await eventually("it waits") { await pool.waiterCount == 1 }
        try await rmprocs(pids)
        let error = await thrown(ClusterError.self) {
          try await within(.seconds(20), "take") { try await waiting.value }
        }
        #expect(error?.code == .noWorkers)
        let later = await thrown(ClusterError.self) { try await remotecallFetch(Identity(), on: pool) }
        #expect(later?.code == .noWorkers)
      }
    }
  }
}

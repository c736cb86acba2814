import Glibc
import Muster
import Testing

/// Ends its process at one item.
struct DieAt: RemoteFunction {
  let fatal: Int
  /// Only there, so that the item can be done elsewhere.
  let victim: ProcessID?
  func callAsFunction(_ x: Int) async throws -> Int {
    // Never the test runner.
    if x == fatal, myid() != 1, victim == nil || victim == myid() { kill(getpid(), SIGKILL) }
    try await Task.sleep(for: .milliseconds(1))
    return x
  }
}

/// As `Slow`, once a future has its value.
struct SlowOnceThere: RemoteFunction {
  func callAsFunction(_ future: Future<Int>) async throws -> ProcessID {
    _ = try await future.fetch()
    return try await Slow()(0)
  }
}

extension WorkerPool {
  /// The same pool with one more worker, which comes after the others.
  func with(_ pid: ProcessID) async throws -> WorkerPool {
    try await push(pid)
    return self
  }
}

extension ClusterTests {
  @Suite struct PmapMembership {
    @Test func aWorkerThatJoinsMeanwhileTakesPart() async throws {
      try await withWorkers(1) { (pids) async throws in
        let mapping = Task { try await pmap(Slow(), 0..<2000) }
        let more = try await addprocs(1)
        let used = Set(try await within(.seconds(60), "pmap") { try await mapping.value })
        #expect(used == Set(pids + more))
      }
    }

    @Test(arguments: [1, 4]) func aWorkerThatIsRemovedMeanwhileIsDroppedAndItsItemsAreDoneByOthers(
      batchSize: Int
    ) async throws {
      try await withWorkers(3) { (pids) async throws in
        let mapping = Task { try await pmap(Slow(), 0..<600, batchSize: batchSize) }
        await eventually("it is under way") { await (try? defaultWorkerPool().isReady) == false }
        try await rmprocs(pids[1])
        // Without retries: nothing is wrong with the items.
        let used = try await within(.seconds(60), "pmap") { try await mapping.value }
        #expect(used.count == 600)
        #expect(Set(used).isSuperset(of: [pids[0], pids[2]]))
        #expect(try await defaultWorkerPool().count == 2)
      }
    }

    @Test func whenAllWorkersAreRemovedItEndsWithATypedError() async throws {
      try await withWorkers(2) { (pids) async throws in
        let mapping = Task { try await pmap(Slow(), 0..<100_000) }
        await eventually("it is under way") { await (try? defaultWorkerPool().isReady) == false }
        try await rmprocs(pids)
        let error = await thrown(ClusterError.self) {
          try await within(.seconds(60), "pmap") { try await mapping.value }
        }
        #expect(error?.code == .noWorkers)
      }
    }

    @Test func aMapEndsThoughAnotherCallKeepsTheOtherWorker() async throws {
      try await withWorkers(2) { (pids) async throws in
        let (gate, item) = (Future<Int>(), Future<Int>())
        let pool = WorkerPool(pids)
        let call = try await remotecall(AwaitFuture(), on: pool, gate)
        // Somebody else waits for the worker that the map gives back.
        let mapping = Task { try await pmap(SlowOnceThere(), Array(repeating: item, count: 20), on: pool) }
        await eventually("the map has the other worker") { (try? await pool.isReady) == false }
        let next = Task { try await pool.take() }
        try await item.put(7)
        #expect(Set(try await within(.seconds(20), "pmap") { try await mapping.value }) == [pids[1]])
        #expect(try await within(.seconds(20), "take") { try await next.value } == pids[1])
        try await gate.put(1)
        #expect(try await call.fetch() == 1)
      }
    }

    @Test func workersComeAndGoAgainAndAgain() async throws {
      try await withWorkers(2) { (_) async throws in
        let mapping = Task { try await pmap(Slow(), 0..<3000) }
        for _ in 0..<3 {
          let more = try await addprocs(1)
          try await rmprocs(workers()[0])
          #expect(workers().contains(more[0]))
        }
        let used = try await within(.seconds(120), "pmap") { try await mapping.value }
        #expect(used.count == 3000)
      }
    }

    // MARK: Workers that die

    @Test(arguments: [1, 4]) func itSurvivesTheDeathOfAWorkerWhenItMayRetry(batchSize: Int) async throws {
      try await withWorkers(3) { (pids) async throws in
        let (start, victim) = (ContinuousClock.now, try await osPID(of: pids[1]))
        let mapping = Task {
          try await pmap(
            Slow(), 0..<1500, batchSize: batchSize, retryDelays: [.milliseconds(1), .milliseconds(1), .milliseconds(1)])
        }
        let progress = try await remotecall(Slow(), on: pids[1], 0)
        _ = try await progress.fetch()
        kill(victim, SIGKILL)
        let used = try await within(.seconds(60), "pmap") { try await mapping.value }
        #expect(used.count == 1500)
        #expect(Set(used).isSuperset(of: [pids[0], pids[2]]))
        #expect(workers() == [pids[0], pids[2]])
        #expect(ContinuousClock.now - start < .seconds(60))
      }
    }

    @Test(arguments: [1, 4]) func anItemThatKillsEveryWorkerEndsWithATypedError(batchSize: Int) async throws {
      try await withWorkers(2) { (pids) async throws in
        let result = await within0 {
          try await pmap(
            DieAt(fatal: 10, victim: nil), 0..<40, batchSize: batchSize, retryDelays: Array(repeating: .zero, count: 10)
          )
        }
        // It must not go on in process 1, which it would kill, too.
        #expect(throws: (any Error).self) { try result.get() }
        if case .failure(let error) = result {
          #expect(error is ProcessExitedError || (error as? ClusterError)?.code == .noWorkers, "\(error)")
        }
      }
    }

    @Test(arguments: [1, 4]) func withoutRetriesTheDeathOfAWorkerEndsIt(batchSize: Int) async throws {
      try await withWorkers(2) { (pids) async throws in
        let error = await thrown(ProcessExitedError.self) {
          try await within(.seconds(30), "pmap") {
            try await pmap(DieAt(fatal: 10, victim: nil), 0..<40, batchSize: batchSize)
          }
        }
        #expect(error.map { pids.contains($0.pid) } == true)
        #expect(error?.reason.contains("signal 9") == true)
        #expect(try await pmap(Square(), 1...3) == [1, 4, 9])
      }
    }

    @Test(arguments: [1, 4]) func onErrorHearsOfALostWorker(batchSize: Int) async throws {
      try await withWorkers(2) { (pids) async throws in
        let results = try await within(.seconds(30), "pmap") {
          try await pmap(
            DieAt(fatal: 10, victim: nil), 0..<40, batchSize: batchSize,
            onError: { error in
              guard let lost = error as? ProcessExitedError else { throw error }
              return -lost.pid.rawValue
            })
        }
        #expect(results.count == 40)
        #expect(results.enumerated().allSatisfy { $1 == $0 || pids.map { -$0.rawValue }.contains($1) })
        #expect(pids.contains(ProcessID(-results[10])))
        #expect(workers().count == 1 && workers() != [1])
      }
    }

    @Test func aBatchThatWasLostIsRetriedAsAWhole() async throws {
      try await withWorkers(2) { (pids) async throws in
        let results = try await within(.seconds(30), "pmap") {
          try await pmap(
            DieAt(fatal: 3, victim: pids[0]), 0..<8, on: try await WorkerPool([pids[0]]).with(pids[1]), batchSize: 8,
            retryDelays: [.milliseconds(1), .milliseconds(1)])
        }
        #expect(results == Array(0..<8))
      }
    }
  }
}

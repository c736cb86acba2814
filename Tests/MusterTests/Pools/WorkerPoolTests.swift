import Synchronization
import Testing

@testable import Muster

private func pool(_ pids: ProcessID...) -> WorkerPool {
  WorkerPool(PoolHandle(PoolCore(pids), in: .current, isRegistered: false))
}

extension WorkerPool {
  fileprivate var waiterCount: Int { handle.core!.waiterCount }
}

@Test func `those who wait get workers in the order in which they came`() async throws {
  let pool = pool(2)
  _ = try await pool.take()
  let order = Recorder<Int>()
  var tasks: [Task<Void, any Error>] = []
  for number in 0..<5 {
    tasks.append(
      Task {
        let pid = try await pool.take()
        order.append(number)
        pool.put(pid)
      })
    await eventually("task \(number) does not wait") { pool.waiterCount == number + 1 }
  }
  pool.put(2)
  for task in tasks { try await task.value }
  #expect(order.elements == Array(0..<5))
  #expect(try await pool.isReady)
  #expect(pool.waiterCount == 0)
}

@Test func `cancelling one who waits leaves the worker to the next`() async throws {
  let pool = pool(2)
  _ = try await pool.take()
  let cancelled = Task { try await pool.take() }
  await eventually("nobody waits") { pool.waiterCount == 1 }
  let next = Task { try await pool.take() }
  await eventually("the next does not wait") { pool.waiterCount == 2 }
  cancelled.cancel()
  await #expect(throws: CancellationError.self) { try await cancelled.value }
  pool.put(2)
  #expect(try await next.value == 2)
}

@Test func `a cancelled task takes nothing, though there is a worker`() async throws {
  let pool = pool(2)
  let task = Task {
    withUnsafeCurrentTask { $0?.cancel() }
    return try await pool.take()
  }
  await #expect(throws: CancellationError.self) { try await task.value }
  #expect(try await pool.isReady)
}

@Test func `removing the last worker ends those who wait, and taking from an empty pool is an error`() async throws {
  let pool = pool(2, 3)
  _ = try await [pool.take(), pool.take()]
  let waiters = [
    Task { try await pool.take() },
    Task { () -> ProcessID in
      try await pool.wait()
      return 0
    },
  ]
  await eventually("they do not wait") { pool.waiterCount == 2 }
  pool.remove(2)
  #expect(pool.waiterCount == 2)
  pool.remove(3)
  for waiter in waiters { await expectCode(.noWorkers) { _ = try await waiter.value } }
  await expectCode(.noWorkers) { _ = try await pool.take() }
  #expect(try await pool.count == 0)
  #expect(try await !pool.isReady)
}

@Test func `hundreds of tasks share three workers, none of which is ever taken twice`() async throws {
  let pool = pool(2, 3, 4)
  let busy = Recorder<(ProcessID, Bool)>()
  try await withThrowingTaskGroup(of: Void.self) { group in
    for _ in 0..<300 {
      group.addTask {
        let pid = try await pool.take()
        busy.append((pid, true))
        await Task.yield()
        busy.append((pid, false))
        pool.put(pid)
      }
    }
    try await group.waitForAll()
  }
  var taken: Set<ProcessID> = []
  for (pid, begins) in busy.elements {
    if begins { #expect(taken.insert(pid).inserted) } else { taken.remove(pid) }
  }
  #expect(busy.elements.count == 600 && pool.waiterCount == 0)
  #expect(try await pool.isReady)
}

@Test func `a local pool has a hundred places of one process`() async throws {
  let pool = LocalPool(pid: 7)
  for _ in 0..<100 { #expect(try await pool.take() == 7) }
  #expect(!pool.isReady && pool.count == 1)
  let waiter = Task { try await pool.take() }
  pool.put(7)
  #expect(try await waiter.value == 7)
}

@Test func `a worker that is lost is given to nobody, however long it takes to find out why`() async throws {
  let manager = InProcessManager(2)
  try await withInProcessWorkers(manager) { pids async throws in
    manager.holdsLosses.store(true, ordering: .relaxed)
    defer { manager.holdsLosses.store(false, ordering: .relaxed) }
    Cluster.current.openLink(to: pids[0])!.lose("the test says so")
    let squares = try await pmap(Square(), 0..<100, onError: { _ in -1 })
    #expect(squares == (0..<100).map { $0 * $0 })
    for number in 0..<20 {
      #expect(try await remotecallFetch(Square(), on: defaultWorkerPool(), number) == number * number)
    }
  }
}

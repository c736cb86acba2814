import Testing

@testable import Muster

private func pool(_ pids: ProcessID...) -> WorkerPool { WorkerPool(pids, registered: false) }

/// Waits until `count` tasks wait for a worker.
private func waits(_ pool: WorkerPool) async { await eventually("nobody waits") { pool.isContended } }

@Test func `workers are taken in order and come back at the end`() async throws {
  let pool = pool(4, 2, 3)
  #expect(pool.count == 3 && pool.isReady && pool.workers == [2, 3, 4])
  #expect(try await [pool.take(), pool.take()] == [4, 2])
  pool.put(2)
  pool.put(4)
  #expect(try await [pool.take(), pool.take(), pool.take()] == [3, 2, 4])
  #expect(!pool.isReady && pool.count == 3)
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
  #expect(pool.isReady && !pool.isContended)
}

@Test func `cancelling one who waits leaves the worker to the next`() async throws {
  let pool = pool(2)
  _ = try await pool.take()
  let cancelled = Task { try await pool.take() }
  await waits(pool)
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
  #expect(pool.isReady)
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
  #expect(pool.count == 0 && !pool.isReady)
}

@Test func `a worker that was removed does not come back by being put`() async throws {
  let pool = pool(2, 3)
  _ = try await pool.take()
  pool.remove(2)
  pool.put(2)
  #expect(pool.workers == [3])
  #expect(try await pool.take() == 3)
  #expect(!pool.isReady)
  pool.remove(99)
  pool.put(99)
  #expect(!pool.isReady)
}

@Test func `a free worker that is removed is not handed out`() async throws {
  let pool = pool(2, 3)
  pool.remove(2)
  #expect(try await pool.take() == 3)
}

@Test func `a new worker goes to who waits, and one that is there already is not doubled`() async throws {
  let pool = pool(2)
  _ = try await pool.take()
  let waiter = Task { try await pool.take() }
  await waits(pool)
  pool.push(2)
  #expect(pool.isContended)
  pool.push(3)
  #expect(try await waiter.value == 3)
  #expect(pool.count == 2)
}

@Test func `waiting for a worker takes none`() async throws {
  let pool = pool(2)
  try await pool.wait()
  #expect(try await pool.take() == 2)
  let watchers = (0..<3).map { _ in Task { try await pool.wait() } }
  await eventually("they do not wait") { pool.waiterCount == 3 }
  let taker = Task { try await pool.take() }
  await eventually("the taker does not wait") { pool.waiterCount == 4 }
  let late = Task { try await pool.wait() }
  await eventually("the last does not wait") { pool.waiterCount == 5 }
  pool.put(2)
  for watcher in watchers { try await watcher.value }
  #expect(try await taker.value == 2)
  // Behind the taker nothing was free; it goes on waiting.
  #expect(pool.waiterCount == 1)
  pool.put(2)
  try await late.value
  #expect(pool.isReady)
}

@Test func `the default pool stands for process 1 while it has no workers`() async throws {
  let pool = WorkerPool(fallback: 1)
  #expect(pool.isReady && pool.count == 0)
  #expect(try await [pool.take(), pool.take()] == [1, 1])
  pool.put(1)
  pool.push(2)
  #expect(try await pool.take() == 2)
  #expect(!pool.isReady)
  // Who waits when the last worker goes hears of it: what ended the workers must not come to process 1 by itself.
  let waiter = Task { try await pool.take() }
  await waits(pool)
  pool.remove(2)
  await #expect(throws: ClusterError.self) { try await waiter.value }
  #expect(try await pool.take() == 1)
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
  #expect(busy.elements.count == 600 && pool.isReady && !pool.isContended)
}

@Test func `a local pool has a hundred places of one process`() async throws {
  let pool = LocalPool(pid: 7)
  for _ in 0..<100 { #expect(try await pool.take() == 7) }
  #expect(!pool.isReady && pool.count == 1)
  let waiter = Task { try await pool.take() }
  pool.put(7)
  #expect(try await waiter.value == 7)
}

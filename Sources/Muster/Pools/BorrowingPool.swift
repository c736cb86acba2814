/// A pool as a call sees it that runs on one of its workers: if no worker is free, it gets that one.
///
/// The worker counts as taken, by the call itself or by others; but the call waits for what it asks for here, so its
/// process has nothing else to do. Hence nested maps never wait for each other (docs/decisions/0007-pools.md).
final class BorrowingPool: AbstractWorkerPool {
  let pool: WorkerPool
  private let me: ProcessID
  /// The process itself, once.
  private let own: PoolCore
  private let cluster: Cluster

  init(_ pool: WorkerPool, in cluster: Cluster) {
    self.pool = pool
    self.cluster = cluster
    me = cluster.myid
    own = PoolCore([me])
  }

  func take() async throws -> ProcessID {
    if let pid = try await pool.handle.takeIfFree() { return pid }
    if let pid = own.takeIfFree(cluster.nextReceipt()) { return pid }
    return try await takeEither()
  }

  /// Whichever comes first. Should both come, one is given back.
  private func takeEither() async throws -> ProcessID {
    try await withThrowingTaskGroup(of: (ProcessID, isOwn: Bool).self) { group in
      group.addTask { (try await self.pool.take(), false) }
      group.addTask { (try await self.own.request(self.cluster.nextReceipt(), takes: true), true) }
      let first = await group.nextResult()!
      group.cancelAll()
      while let next = await group.nextResult() {
        guard case .success(let (pid, isOwn)) = next else { continue }
        // Also where the first has failed: then nobody gets anything.
        if isOwn { own.put(pid) } else { pool.put(pid) }
      }
      return try first.get().0
    }
  }

  func put(_ pid: ProcessID) {
    if pid == me, !own.isReady { own.put(pid) } else { pool.put(pid) }
  }

  func push(_ pid: ProcessID) async throws { try await pool.push(pid) }
  func wait() async throws { if !own.isReady { try await pool.wait() } }
  func remove(_ pid: ProcessID) { pool.remove(pid) }
  var count: Int { get async throws { try await pool.count } }
  var isReady: Bool { get async throws { if own.isReady { true } else { try await pool.isReady } } }
  var waiterCount: Int { get async { await pool.waiterCount } }
}

extension Cluster {
  /// Whether the task belongs to a call that this process runs for some process of the cluster.
  @TaskLocal static var isInCall = false

  /// The pool as the current task is to use it.
  func borrowing(_ pool: any AbstractWorkerPool) async throws -> any AbstractWorkerPool {
    guard Cluster.isInCall, let pool = pool as? WorkerPool else { return pool }
    let me = myid
    guard try await pool.workers.contains(me) else { return pool }
    return BorrowingPool(pool, in: self)
  }
}

import Synchronization

/// The pools of a process: they hear of workers that come and go.
struct PoolState: Sendable {
  var defaultPool: (any AbstractWorkerPool)?
  /// The pool that every new worker joins.
  var standardPool: WorkerPool?
  /// Pools made by the program, as long as it keeps them.
  private var others: [WeakPool] = []
  /// Where `spawnat(.any, …)` was last.
  var lastChosen: ProcessID = 0

  private struct WeakPool: Sendable {
    weak var pool: WorkerPool?
  }

  mutating func add(_ pool: WorkerPool) {
    others.removeAll { $0.pool == nil }
    others.append(WeakPool(pool: pool))
  }

  var all: [any AbstractWorkerPool] {
    let pools: [(any AbstractWorkerPool)?] = [defaultPool, standardPool] + others.map(\.pool)
    return pools.compactMap { $0 }
  }
}

extension Cluster {
  private var standardPool: WorkerPool {
    pools.withLock { pools in
      if let pool = pools.standardPool { return pool }
      let pool = WorkerPool(fallback: 1)
      pools.standardPool = pool
      return pool
    }
  }

  var defaultPool: any AbstractWorkerPool { pools.withLock { $0.defaultPool } ?? standardPool }

  func addToDefaultPool(_ pid: ProcessID) {
    standardPool.push(pid)
    let other = pools.withLock { $0.defaultPool }
    if let other, other !== standardPool { other.push(pid) }
  }

  func removeFromPools(_ pid: ProcessID) {
    for pool in pools.withLock({ $0.all }) { pool.remove(pid) }
  }

  /// The workers in turn.
  func nextWorker() -> ProcessID {
    let workers = members.withLock { $0.workers }
    return pools.withLock { pools in
      pools.lastChosen = workers.first { $0 > pools.lastChosen } ?? workers[0]
      return pools.lastChosen
    }
  }
}

/// The pool that is used where none is named: all workers; process 1 while there are none.
public func defaultWorkerPool() -> any AbstractWorkerPool { Cluster.current.defaultPool }

/// Replaces the default pool; workers that join later are pushed to the new one.
public func setDefaultWorkerPool(_ pool: any AbstractWorkerPool) {
  Cluster.current.pools.withLock { $0.defaultPool = pool }
}

import Synchronization

/// The pools of a process: they hear of workers that come and go.
struct PoolState: Sendable {
  var defaultPool: (any AbstractWorkerPool)?
  /// The pool that every new worker joins.
  var standardPool: WorkerPool?
  /// Every pool this process owns, as long as somebody has it.
  private var owned: [WeakPool] = []
  /// Where `spawnat(.any, …)` was last.
  var lastChosen: ProcessID = 0

  private struct WeakPool: Sendable {
    weak var core: PoolCore?
  }

  mutating func add(_ core: PoolCore) {
    owned.removeAll { $0.core == nil }
    owned.append(WeakPool(core: core))
  }

  var cores: [PoolCore] { owned.compactMap(\.core) }
}

extension Cluster {
  private var standardPool: WorkerPool {
    if let pool = pools.withLock({ $0.standardPool }) { return pool }
    let pool = WorkerPool(PoolHandle(PoolCore(fallback: 1), in: self))
    return pools.withLock { pools in
      if pools.standardPool == nil { pools.standardPool = pool }
      return pools.standardPool!
    }
  }

  var defaultPool: any AbstractWorkerPool { pools.withLock { $0.defaultPool } ?? standardPool }

  func addToDefaultPool(_ pid: ProcessID) {
    standardPool.handle.core?.push(pid)
    guard let other = pools.withLock({ $0.defaultPool }), other !== standardPool else { return }
    if let core = (other as? WorkerPool)?.handle.core {
      core.push(pid)
    } else {
      task { try? await other.push(pid) }
    }
  }

  /// A process is being removed or has gone.
  func removeFromPools(_ pid: ProcessID) {
    let (cores, defaultPool) = pools.withLock { ($0.cores, $0.defaultPool) }
    for core in cores {
      core.remove(pid)
      core.lose(pid)
    }
    if let defaultPool, !(defaultPool is WorkerPool) { defaultPool.remove(pid) }
    storedFunctions.forget(cachesOf: pid)
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

/// The pool that is used where none is named: all workers; process 1 while there are none. Every process has its own.
public func defaultWorkerPool() -> any AbstractWorkerPool { Cluster.current.defaultPool }

/// Replaces the default pool of this process; workers that join later are pushed to the new one, too.
public func setDefaultWorkerPool(_ pool: any AbstractWorkerPool) {
  Cluster.current.pools.withLock { $0.defaultPool = pool }
}

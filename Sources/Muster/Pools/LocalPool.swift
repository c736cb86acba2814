import Synchronization

/// A pool that stands for this process alone, with room for many calls at a time: `pmap(…, distributed: false)`.
final class LocalPool: AbstractWorkerPool {
  /// As many tasks as Julia's `asyncmap`.
  private static let places = 100

  private let pool: WorkerPool
  private let pid: ProcessID

  init(pid: ProcessID) {
    self.pid = pid
    // Places are numbered like workers; who takes one gets this process.
    pool = WorkerPool((1...Self.places).map { ProcessID($0) }, registered: false)
    taken = Mutex([])
  }

  private let taken: Mutex<[ProcessID]>

  func take() async throws -> ProcessID {
    let place = try await pool.take()
    taken.withLock { $0.append(place) }
    return pid
  }

  func put(_ pid: ProcessID) {
    if let place = taken.withLock({ $0.popLast() }) { pool.put(place) }
  }

  func push(_ pid: ProcessID) {}
  func remove(_ pid: ProcessID) {}
  var count: Int { 1 }
  var isReady: Bool { pool.isReady }
  var isContended: Bool { false }
  func wait() async throws { try await pool.wait() }
}

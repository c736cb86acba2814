import Synchronization

/// A pool that stands for this process alone, with room for many calls at a time: `pmap(…, distributed: false)`.
final class LocalPool: AbstractWorkerPool {
  /// As many tasks as Julia's `asyncmap`.
  private static let places = 100

  /// Places are numbered like workers; who takes one gets this process.
  private let core = PoolCore((1...LocalPool.places).map { ProcessID($0) })
  private let taken = Mutex<[ProcessID]>([])
  private let pid: ProcessID

  init(pid: ProcessID) { self.pid = pid }

  func take() async throws -> ProcessID {
    let place = try await core.request(Cluster.current.nextReceipt(), takes: true)
    taken.withLock { $0.append(place) }
    return pid
  }

  func put(_ pid: ProcessID) {
    if let place = taken.withLock({ $0.popLast() }) { core.put(place) }
  }

  func push(_ pid: ProcessID) {}
  var count: Int { 1 }
  var isReady: Bool { core.isReady }
  func wait() async throws { _ = try await core.request(Cluster.current.nextReceipt(), takes: false) }
}

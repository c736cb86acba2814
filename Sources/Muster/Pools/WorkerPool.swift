import DequeModule
import Synchronization

/// A pool of given workers.
///
///     let pool = WorkerPool([2, 3])
///     let squares = try await pmap(Square(), 1...100, on: pool)
public final class WorkerPool: AbstractWorkerPool {
  fileprivate struct State: Sendable {
    var members: Set<ProcessID> = []
    var free = Deque<ProcessID>()
    var waiters = Deque<Waiter>()
    var nextWaiter: UInt64 = 0
    /// The default pool stands for process 1 while there are no workers, as in Julia.
    var fallback: ProcessID?
  }

  fileprivate struct Waiter: Sendable {
    let number: UInt64
    /// Takes the worker; otherwise only wants to know.
    let takes: Bool
    let continuation: UnsafeContinuation<Result<ProcessID, any Error>, Never>
  }

  private let state: Mutex<State>

  public convenience init(_ pids: some Sequence<ProcessID>) {
    self.init(Array(pids), registered: true)
  }

  /// - Parameter registered: the pool hears of workers that are lost.
  init(_ pids: [ProcessID], registered: Bool) {
    state = Mutex(State(members: Set(pids), free: Deque(pids)))
    if registered { Cluster.current.pools.withLock { $0.add(self) } }
  }

  /// The default pool of a cluster.
  init(fallback: ProcessID) {
    state = Mutex(State(fallback: fallback))
  }

  public func push(_ pid: ProcessID) {
    let isNew = state.withLock { $0.members.insert(pid).inserted }
    if isNew { put(pid) }
  }

  public func put(_ pid: ProcessID) {
    let notified = state.withLock { state -> [Waiter] in
      guard state.members.contains(pid) else { return [] }
      // Those who only want to know are told, and the worker goes to the first that takes it.
      var notified: [Waiter] = []
      while let waiter = state.waiters.popFirst() {
        notified.append(waiter)
        if waiter.takes { return notified }
      }
      state.free.append(pid)
      return notified
    }
    for waiter in notified { waiter.continuation.resume(returning: .success(pid)) }
  }

  public func take() async throws -> ProcessID {
    try await waitForWorker(takes: true)
  }

  public func wait() async throws {
    _ = try await waitForWorker(takes: false)
  }

  public func remove(_ pid: ProcessID) {
    let waiters = state.withLock { state -> [Waiter] in
      state.members.remove(pid)
      state.free.removeAll { $0 == pid }
      // Also where process 1 stands in for workers: whoever waits here began while there were some.
      guard state.members.isEmpty else { return [] }
      defer { state.waiters = [] }
      return Array(state.waiters)
    }
    for waiter in waiters { waiter.continuation.resume(returning: .failure(Self.empty)) }
  }

  public var count: Int { state.withLock { $0.members.count } }

  public var isReady: Bool {
    state.withLock { !$0.free.isEmpty || ($0.members.isEmpty && $0.fallback != nil) }
  }

  /// How many tasks wait for a worker.
  var waiterCount: Int { state.withLock { $0.waiters.count } }

  public var isContended: Bool { state.withLock { !$0.waiters.isEmpty } }

  /// Its workers, free or not.
  public var workers: [ProcessID] { state.withLock { $0.members.sorted() } }

  private static var empty: ClusterError {
    ClusterError(.noWorkers, "the pool has no workers: all of them were removed or lost")
  }

  private func waitForWorker(takes: Bool) async throws -> ProcessID {
    let number = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    let result = await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let waiter = Waiter(number: number, takes: takes, continuation: continuation)
        if let result = state.withLock({ $0.begin(waiter) }) { continuation.resume(returning: result) }
      }
    } onCancel: {
      let waiter = state.withLock { state -> Waiter? in
        guard let index = state.waiters.firstIndex(where: { $0.number == number }) else { return nil }
        return state.waiters.remove(at: index)
      }
      waiter?.continuation.resume(returning: .failure(CancellationError()))
    }
    return try result.get()
  }
}

extension WorkerPool.State {
  /// A worker at once, or an error, or `nil`: the waiter has to wait.
  fileprivate mutating func begin(_ waiter: WorkerPool.Waiter) -> Result<ProcessID, any Error>? {
    if Task.isCancelled { return .failure(CancellationError()) }
    if let pid = free.first {
      if waiter.takes { free.removeFirst() }
      return .success(pid)
    }
    if members.isEmpty {
      return fallback.map { .success($0) } ?? .failure(ClusterError(.noWorkers, "the pool has no workers"))
    }
    waiters.append(waiter)
    return nil
  }
}

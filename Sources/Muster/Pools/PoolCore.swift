import Synchronization

/// A pool, in the process that owns it.
final class PoolCore: Sendable {
  private struct State {
    var queue: PoolQueue
    /// Those who wait.
    var promises: [Receipt: Promise<ProcessID>] = [:]
  }

  private let state: Mutex<State>
  /// Called with the members when nobody has the pool any more.
  private let onEnd: (@Sendable ([ProcessID]) -> Void)?

  init(_ pids: [ProcessID] = [], fallback: ProcessID? = nil, onEnd: (@Sendable ([ProcessID]) -> Void)? = nil) {
    state = Mutex(State(queue: PoolQueue(pids, fallback: fallback)))
    self.onEnd = onEnd
  }

  deinit { onEnd?(members) }

  var members: [ProcessID] { state.withLock { $0.queue.members.sorted() } }
  var count: Int { state.withLock { $0.queue.members.count } }
  var isReady: Bool { state.withLock { $0.queue.isReady } }
  var waiterCount: Int { state.withLock { $0.queue.waiterCount } }

  // MARK: Workers

  func push(_ pid: ProcessID) { change { ($0.push(pid), []) } }

  func put(_ pid: ProcessID) { change { ($0.put(pid), []) } }

  func remove(_ pid: ProcessID) {
    change(refusing: ClusterError(.noWorkers, "the pool has no workers: all of them were removed or lost")) {
      ([], $0.remove(pid))
    }
  }

  /// A process has gone; what it had taken goes to others.
  func lose(_ process: ProcessID) { change { $0.lose(process) } }

  // MARK: Those who want one

  /// Waits for a worker, and takes it or only tells which.
  ///
  /// Up to its first suspension this is done in the order in which it is called, so a `cancel` that comes later finds it.
  ///
  /// - Throws: `ClusterError` `.noWorkers`; `CancellationError` when the task is cancelled, which takes no worker.
  func request(_ receipt: Receipt, takes: Bool) async throws -> ProcessID {
    try Task.checkCancellation()
    let (answer, promise) = state.withLock { state -> (PoolQueue.Answer, Promise<ProcessID>?) in
      let answer = state.queue.request(receipt, takes: takes)
      guard answer == .mustWait else { return (answer, nil) }
      let promise = Promise<ProcessID>()
      state.promises[receipt] = promise
      return (answer, promise)
    }
    if let promise {
      do {
        return try await promise.wait().get()
      } catch let error as CancellationError {
        cancel(receipt)
        throw error
      }
    }
    switch answer {
    case .worker(let pid): return pid
    case .gone: throw CancellationError()
    default: throw ClusterError(.noWorkers, "the pool has no workers")
    }
  }

  func takeIfFree(_ receipt: Receipt) -> ProcessID? { state.withLock { $0.queue.takeIfFree(receipt) } }

  /// Nobody wants what was requested any more.
  func cancel(_ receipt: Receipt) { change { ($0.cancel(receipt), [receipt]) } }

  /// Changes the queue, and wakes those who get something by that and those who get nothing any more.
  private func change(
    refusing error: any Error = CancellationError(),
    _ body: (inout PoolQueue) -> (grants: [PoolQueue.Grant], refused: [Receipt])
  ) {
    let (granted, refused) = state.withLock { state in
      let (grants, refused) = body(&state.queue)
      return (
        grants.compactMap { grant in state.promises.removeValue(forKey: grant.receipt).map { ($0, grant.pid) } },
        refused.compactMap { state.promises.removeValue(forKey: $0) }
      )
    }
    for (promise, pid) in granted { promise.fulfil(.success(pid)) }
    for promise in refused { promise.fulfil(.failure(error)) }
  }
}

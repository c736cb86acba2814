import Synchronization

/// A job of our own: deleted when the last of its agents has left.
final class PBSLease: Sendable {
  private struct State: Sendable {
    var queue: PBSQueue?
    var agents = 0
  }

  private let state = Mutex(State())

  var queue: PBSQueue? { state.withLock { $0.queue } }

  func begin(_ queue: PBSQueue) { state.withLock { $0 = State(queue: queue) } }

  func hold(by agents: Int) { state.withLock { $0.agents += agents } }

  func agentLeft() async {
    let isLast = state.withLock { state in
      state.agents -= 1
      return state.agents <= 0
    }
    if isLast { await end() }
  }

  /// Deletes the job, also when the task that wants it has been cancelled.
  func end() async {
    guard let queue = state.withLock({ $0.queue.take() }) else { return }
    await Task(executorPreference: Cluster.current.engine) { await queue.delete() }.value
  }
}

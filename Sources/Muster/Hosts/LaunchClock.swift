import Synchronization

/// The time that agents have to call back, from when they could: it stands still while they wait in a queue.
final class LaunchClock: Sendable {
  private let agents: HostAgents
  private let timeout: Duration
  private let cluster: Cluster
  private let timer = Mutex<TimerQueue.ID?>(nil)

  init(_ agents: HostAgents, _ timeout: Duration, _ cluster: Cluster) {
    self.agents = agents
    self.timeout = timeout
    self.cluster = cluster
  }

  /// From now on, anew.
  func start() {
    let new = cluster.engine.schedule(after: timeout) { [agents, timeout] in
      agents.fail(ClusterError(.timeout, "they have not called back within \(timeout) (options.timeout)"))
    }
    replace(by: new)
  }

  func stop() { replace(by: nil) }

  private func replace(by new: TimerQueue.ID?) {
    let earlier = timer.withLock { timer in
      defer { timer = new }
      return timer
    }
    if let earlier { cluster.engine.cancel(earlier) }
  }
}

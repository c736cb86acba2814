import Synchronization

/// The job of one launch: deleted when the last of its agents has left.
final class PBSLease: Sendable {
  private struct State: Sendable {
    var queue: PBSQueue?
    var guardian: PBSGuard?
    var agents = 0
    var inquiry: Task<String?, Never>?
  }

  private let state = Mutex(State())

  func begin(_ queue: PBSQueue, _ guardian: PBSGuard) {
    state.withLock { ($0.queue, $0.guardian) = (queue, guardian) }
  }

  func hold(by agents: Int) { state.withLock { $0.agents += agents } }

  func agentLeft() async {
    let isLast = state.withLock { state in
      state.agents -= 1
      return state.agents <= 0
    }
    if isLast { await end() }
  }

  /// Why the job is over, if it is. Asked once, however many of its workers are lost at that moment.
  func failure() async -> String? {
    let cluster = Cluster.current
    let inquiry = state.withLock { state -> Task<String?, Never>? in
      guard state.inquiry == nil, let queue = state.queue else { return state.inquiry }
      let asked = Task(executorPreference: cluster.engine) {
        await Cluster.$taskCluster.withValue(cluster) { await queue.outlook(within: .seconds(2)).failure }
      }
      state.inquiry = asked
      return asked
    }
    defer { state.withLock { if $0.inquiry == inquiry { $0.inquiry = nil } } }
    return await inquiry?.value
  }

  /// Deletes the job, also when the task that wants it has been cancelled.
  func end() async {
    let (queue, guardian) = state.withLock { ($0.queue.take(), $0.guardian.take()) }
    await Cluster.current.shielded {
      await queue?.delete()
      await guardian?.end()
    }
  }
}

/// The leases of a manager, by the agents of each: it may launch several times, and each launch has a job of its own.
final class PBSLeases: Sendable {
  private let leases = Mutex<[ObjectIdentifier: PBSLease]>([:])

  func add(_ lease: PBSLease, for agents: [HostAgent]) {
    lease.hold(by: agents.count)
    leases.withLock { for agent in agents { $0[ObjectIdentifier(agent)] = lease } }
  }

  func lease(of agent: HostAgent) -> PBSLease? { leases.withLock { $0[ObjectIdentifier(agent)] } }

  func remove(_ agents: [HostAgent]) {
    leases.withLock { for agent in agents { $0[ObjectIdentifier(agent)] = nil } }
  }

  func agentLeft(_ agent: HostAgent) async {
    await leases.withLock { $0.removeValue(forKey: ObjectIdentifier(agent)) }?.agentLeft()
  }
}

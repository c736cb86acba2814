import Synchronization

/// The agents of a launch that have arrived, and what they are for.
final class PBSArrivals: Sendable {
  private struct Arrival: Sendable {
    let agent: HostAgent
    let order: Int
    let workers: Int
  }

  private struct State: Sendable {
    var arrivals: [Arrival] = []
    var complaints: [String] = []
  }

  private let state = Mutex(State())

  func add(_ agent: HostAgent, order: Int, workers: Int) {
    state.withLock { $0.arrivals.append(Arrival(agent: agent, order: order, workers: workers)) }
  }

  /// Why others have not arrived.
  func complain(_ reason: String) { state.withLock { $0.complaints.append(reason) } }

  var workers: Int { state.withLock { $0.arrivals.reduce(0) { $0 + $1.workers } } }
  var count: Int { state.withLock { $0.arrivals.count } }
  var complaint: String { state.withLock { $0.complaints.joined(separator: "; ") } }

  /// Has the agents start the workers; those for which none has arrived have failed.
  ///
  /// - Throws: `ClusterError` `.launchFailed` when these are too many; as `LaunchRequest.place`.
  func launch(_ request: LaunchRequest, _ fleet: HostFleet) async throws {
    let arrivals = state.withLock { $0.arrivals.sorted { $0.order < $1.order } }
    guard workers >= request.options.atLeast ?? request.workers.count else {
      throw ClusterError(
        .launchFailed, "PBSManager: there is room for \(workers) of \(request.workers.count) workers: \(complaint)")
    }
    let hosts = Self.hosts(arrivals)
    let orders = try Self.distribute(request, over: hosts)
    for worker in orders.homeless { request.failed(worker, reason: complaint) }
    await withDiscardingTaskGroup { group in
      for (agent, workers) in orders.placed {
        group.addTask { await fleet.launch(workers, on: agent, request) }
      }
    }
    for arrival in arrivals { await fleet.releaseIfIdle(arrival.agent) }
  }

  /// All of them leave.
  func dismiss() async {
    let agents = state.withLock { $0.arrivals.map(\.agent) }
    await withDiscardingTaskGroup { group in
      for agent in agents { group.addTask { await agent.leave() } }
    }
  }

  /// Several elements of an array may share a host, and see the same CPUs; for a placement that is one machine.
  private static func hosts(_ arrivals: [Arrival]) -> [[Arrival]] {
    var hosts: [[Arrival]] = []
    for arrival in arrivals {
      let report = arrival.agent.report
      let known = hosts.firstIndex {
        $0[0].agent.report.host == report.host && $0[0].agent.report.topology.allowed == report.topology.allowed
      }
      if let known { hosts[known].append(arrival) } else { hosts.append([arrival]) }
    }
    return hosts
  }

  private static func distribute(
    _ request: LaunchRequest, over hosts: [[Arrival]]
  ) throws -> (placed: [(HostAgent, [LaunchedWorker])], homeless: [LaunchedWorker]) {
    var nodes = hosts.map { arrivals in
      arrivals[0].agent.node(slots: arrivals.reduce(0) { $0 + $1.workers })
    }
    let missing = request.workers.count - nodes.reduce(0) { $0 + $1.slots! }
    if missing > 0 {
      // A machine that is like the others, so that a plan for all workers can be made.
      nodes.append(PlacementPlan.Node(name: "(missing)", topology: nodes[0].topology, slots: missing))
    }
    let plan = try request.place(on: nodes)
    var placed: [(HostAgent, [LaunchedWorker])] = []
    var homeless: [LaunchedWorker] = []
    for index in nodes.indices {
      var workers = zip(request.workers, plan.workers).filter { $1.node == index }.map(\.0)[...]
      guard index < hosts.count else {
        homeless += workers
        continue
      }
      for (place, arrival) in hosts[index].enumerated() {
        let isLast = place == hosts[index].count - 1
        let part = isLast ? workers : workers.prefix(arrival.workers)
        workers = workers.dropFirst(part.count)
        if !part.isEmpty { placed.append((arrival.agent, Array(part))) }
      }
    }
    return (placed, homeless)
  }
}

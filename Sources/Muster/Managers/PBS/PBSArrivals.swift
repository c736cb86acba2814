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
  var agents: [HostAgent] { state.withLock { $0.arrivals.map(\.agent) } }
  var complaint: String { state.withLock { $0.complaints.joined(separator: "; ") } }

  /// - Throws: `ClusterError` `.launchFailed` when there is no room for enough of the workers.
  func requireRoom(for count: Int, _ options: AddprocsOptions) throws(ClusterError) {
    guard workers < options.atLeast ?? count else { return }
    throw ClusterError(.launchFailed, "PBSManager: there is room for \(workers) of \(count) workers: \(complaint)")
  }

  /// Has the agents start the workers; those for which none has arrived have failed.
  ///
  /// - Throws: as `requireRoom(for:_:)` and `LaunchRequest.place`.
  func launch(_ request: LaunchRequest, _ fleet: HostFleet) async throws {
    try requireRoom(for: request.workers.count, request.options)
    let arrivals = state.withLock { $0.arrivals.sorted { $0.order < $1.order } }
    let (placed, homeless) = try Self.distribute(request, over: Self.hosts(arrivals))
    for worker in homeless { request.failed(worker, reason: complaint) }
    let directory = request.options.dir ?? PBSAllocation.workingDirectory(currentEnvironment())
    await withDiscardingTaskGroup { group in
      for (agent, workers) in placed {
        group.addTask { await fleet.launch(workers, on: agent, request, directory: directory) }
      }
    }
    for arrival in arrivals { await fleet.releaseIfIdle(arrival.agent) }
  }

  /// All of them leave.
  func dismiss() async {
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

  /// Host by host, in the order of the job, each as many as it has room for.
  private static func distribute(
    _ request: LaunchRequest, over hosts: [[Arrival]]
  ) throws -> (placed: [(HostAgent, [LaunchedWorker])], homeless: [LaunchedWorker]) {
    var placed: [(HostAgent, [LaunchedWorker])] = []
    var rest = request.workers[...]
    for host in hosts {
      let parts = host.map { arrival in
        defer { rest = rest.dropFirst(arrival.workers) }
        return Array(rest.prefix(arrival.workers))
      }
      let workers = parts.flatMap { $0 }
      if workers.isEmpty { continue }
      try request.place(workers, on: host[0].agent.node(request.options))
      placed += zip(host.map(\.agent), parts).filter { !$1.isEmpty }
    }
    return (placed, Array(rest))
  }
}

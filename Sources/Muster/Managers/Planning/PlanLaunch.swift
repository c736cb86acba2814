/// Says what `addprocs(manager, options:)` would do, and does none of it. Commands that only tell something (`qsub
/// --version`) are run.
///
/// - Parameters:
///   - manager: the manager.
///   - options: those of `addprocs`; the manager's own if `nil`.
///   - topology: what hosts that are not this one are assumed to be; like this one if `nil`.
/// - Throws: what `addprocs` would find wrong before it starts anything.
public func planLaunch(
  _ manager: some ClusterManager, options: AddprocsOptions? = nil, assuming topology: HardwareTopology? = nil
) async throws -> LaunchPlan {
  let cluster = Cluster.current
  return try await cluster.run { try await cluster.planLaunch(manager, options: options, assuming: topology) }
}

extension Cluster {
  fileprivate func planLaunch(
    _ manager: some ClusterManager, options: AddprocsOptions?, assuming topology: HardwareTopology?
  ) async throws -> LaunchPlan {
    var options = options ?? manager.defaultOptions
    if manager.needsNetwork(options) { options.restrict = false }
    try requireProcess1("planLaunch")
    var plan = try await manager.launchPlan(options)
    plan.manager = "\(manager)"
    plan.options = AddprocsOptionsSummary(options)
    plan.addresses = try Self.plannedAddresses(options)
    if plan.binder == nil, !plan.hosts.isEmpty {
      plan.placement = try plan.placed(options, on: .thisMachine(), elsewhere: topology ?? .thisMachine())
    }
    if let count = plan.placement?.workers.count { try options.validate(count: count) }
    return plan
  }

  /// Where `listen(for:restrict:interface:)` would.
  private static func plannedAddresses(_ options: AddprocsOptions) throws -> [TransportAddress] {
    var addresses: [TransportAddress] = []
    if options.transport != .tcp { addresses.append(.unix(path: SocketDirectory.pattern + "/1.sock")) }
    let isLocal = options.restrict || options.transport == .unix
    let hosts = isLocal ? [] : try HostAddress.choose(options.interface, from: HostAddress.current())
    if options.transport == .tcp || (!options.restrict && hosts.isEmpty && options.transport != .unix) {
      addresses.append(.tcp(host: "127.0.0.1", port: 0))
    }
    return addresses + hosts.map { .tcp(host: $0, port: 0) }
  }
}

extension LaunchPlan {
  /// Where the workers would run: host by host, or over all where manager and policy say so.
  fileprivate func placed(
    _ options: AddprocsOptions, on here: HardwareTopology, elsewhere: HardwareTopology
  ) throws(ClusterError) -> PlacementPlan {
    var nodes: [PlacementPlan.Node] = []
    var counts: [Int] = []
    for host in hosts {
      let topology = host.isHere ? here : elsewhere
      let quota = host.isHere ? ControlGroup.cpuQuota() : nil
      counts.append(
        try host.workers.resolve(on: { () throws(ClusterError) in topology }, quota: quota, options))
      nodes.append(
        PlacementPlan.Node(
          name: host.name, topology: topology, slots: placesAcrossHosts ? counts.last : nil,
          reservedCores: host.isHere ? options.reservedCores : 0))
    }
    if placesAcrossHosts, options.placement.spansNodes {
      return try PlacementPlan(
        workers: counts.reduce(0, +), on: nodes, policy: options.placement, bindTo: options.bindTo,
        threadsPerWorker: options.threadsPerWorker ?? 1)
    }
    var workers: [PlacementPlan.Worker] = []
    for (index, node) in nodes.enumerated() {
      let plan = try PlacementPlan(
        workers: counts[index], on: [node], policy: options.placement, bindTo: options.bindTo,
        threadsPerWorker: options.threadsPerWorker ?? 1)
      workers += plan.workers.map { PlacementPlan.Worker(node: index, cpus: $0.cpus, isBound: $0.isBound) }
    }
    return PlacementPlan(nodes: nodes, workers: workers, policy: options.placement)
  }
}

/// Which worker runs where: a pure function of machines, policy and number of workers, the same every time.
public struct PlacementPlan: Sendable, Hashable {
  /// A machine on which workers can be.
  public struct Node: Sendable, Hashable {
    /// Its host's name.
    public var name: String
    /// What it is, and what of it may be used.
    public var topology: HardwareTopology
    /// More workers than this oversubscribe the node; `nil`: as many as the policy finds room for.
    public var slots: Int?
    /// So many cores, the first ones, are for others: for process 1.
    public var reservedCores: Int
    /// The CPUs that other workers are bound to.
    public var occupied: CPUSet

    public init(
      name: String, topology: HardwareTopology, slots: Int? = nil, reservedCores: Int = 0, occupied: CPUSet = []
    ) {
      self.name = name
      self.topology = topology
      self.slots = slots
      self.reservedCores = reservedCores
      self.occupied = occupied
    }

    /// The same but for the name.
    func isAlike(_ other: Node) -> Bool {
      var renamed = self
      renamed.name = other.name
      return renamed == other
    }
  }

  /// Where a worker is put.
  public struct Worker: Sendable, Hashable {
    /// The place of its node in `nodes`.
    public let node: Int
    /// What it may run on: what it is bound to, or else all that workers of its node may use.
    public let cpus: CPUSet
    /// Whether it is bound to them.
    public let isBound: Bool
  }

  /// The machines, as they were given.
  public let nodes: [Node]
  /// In the order of their numbers.
  public let workers: [Worker]
  /// By which it was made.
  public let policy: PlacementPolicy

  /// Plans.
  ///
  /// The sets of workers are disjoint unless they are bound to more than their own cores or hardware threads. A node that
  /// gets more workers than have room is oversubscribed: none of its workers is bound.
  ///
  /// - Parameters:
  ///   - count: how many.
  ///   - nodes: where they can be.
  ///   - policy: in which order.
  ///   - bindTo: what of its place each worker may use.
  ///   - threads: how many cores each worker gets; hardware threads where it is mapped by these or bound to
  ///     them.
  /// - Throws: `ClusterError` `.invalidArgument` for numbers below 1, nodes with nothing to use, explicit policies that
  ///   cannot be fulfilled, objects that are too small for a worker, and, when the policy is strict, more workers than
  ///   have room.
  public init(
    workers count: Int, on nodes: [Node], policy: PlacementPolicy = .core, bindTo: BindTarget = .automatic,
    threadsPerWorker threads: Int = 1
  ) throws(ClusterError) {
    try Self.check(count, nodes, policy, threads)
    var shares: [NodeShares] = []
    for (index, node) in nodes.enumerated() {
      // The nodes of a cluster are mostly alike.
      let isLikeTheLast = index > 0 && node.isAlike(nodes[index - 1])
      shares.append(isLikeTheLast ? shares[index - 1] : try NodeShares(of: node, policy, bindTo, threads: threads))
    }
    let places = Self.places(for: count, in: shares, policy)
    guard places.count == count || !(policy.isStrict || policy.isExhaustible) else {
      throw ClusterError(
        .invalidArgument,
        "placement: \(count) workers of \(threads) \(threads == 1 ? "core" : "cores") each do not fit: '\(policy)' has "
          + "room for \(places.count) on \(nodes.count == 1 ? nodes[0].name : "\(nodes.count) nodes")"
          + (policy.isStrict ? "; without 'strict' they would not be bound" : ""))
    }
    self.nodes = nodes
    self.policy = policy
    workers = try Self.assign(count, places, shares, policy, bindTo, nodes)
  }

  /// Made of parts that were planned one by one.
  init(nodes: [Node], workers: [Worker], policy: PlacementPolicy) {
    self.nodes = nodes
    self.workers = workers
    self.policy = policy
  }

  /// An object of a node.
  private struct Place {
    let node: Int
    let domain: Int
  }

  /// Where the workers go that have room.
  private static func places(for count: Int, in shares: [NodeShares], _ policy: PlacementPolicy) -> [Place] {
    let nodes = shares.indices.map { node in shares[node].rooms.indices.map { Place(node: node, domain: $0) } }
    if policy.spansNodes {
      let all = nodes.flatMap { $0 }
      return policy.order.picks(count, from: shares.flatMap(\.rooms)).map { all[$0] }
    }
    var places: [Place] = []
    for node in shares.indices where places.count < count {
      places += policy.order.picks(count - places.count, from: shares[node].rooms).map { nodes[node][$0] }
    }
    return places
  }

  private static func assign(
    _ count: Int, _ places: [Place], _ shares: [NodeShares], _ policy: PlacementPolicy, _ bindTo: BindTarget,
    _ nodes: [Node]
  ) throws(ClusterError) -> [Worker] {
    var used = shares.map { $0.domains.map { _ in 0 } }
    var isOversubscribed = shares.map { _ in false }
    var assigned: [(node: Int, share: CPUSet?)] = []
    for place in places {
      let domain = shares[place.node].domains[place.domain]
      let turn = used[place.node][place.domain]
      used[place.node][place.domain] += 1
      if turn >= domain.count { isOversubscribed[place.node] = true }
      assigned.append((place.node, turn < domain.count ? domain[turn] : nil))
    }
    // The others in the same order once more.
    let again = places.isEmpty ? Array(shares.indices) : places.map(\.node)
    for index in 0..<(count - places.count) {
      let node = again[index % again.count]
      isOversubscribed[node] = true
      assigned.append((node, nil))
    }
    if policy.isStrict, let node = isOversubscribed.firstIndex(of: true) {
      throw ClusterError(
        .invalidArgument,
        "placement: '\(policy)' puts more workers on an object of \(nodes[node].name) than it has cores for")
    }
    return assigned.map { node, share in
      guard let share, !isOversubscribed[node], bindTo != .none else {
        return Worker(node: node, cpus: shares[node].usable, isBound: false)
      }
      return Worker(node: node, cpus: shares[node].binding(share), isBound: true)
    }
  }

  private static func check(
    _ count: Int, _ nodes: [Node], _ policy: PlacementPolicy, _ threads: Int
  ) throws(ClusterError) {
    func invalid(_ message: String) -> ClusterError { ClusterError(.invalidArgument, "placement: \(message)") }
    guard count > 0 else { throw invalid("\(count) workers were asked for: it must be at least 1") }
    guard threads > 0 else { throw invalid("threadsPerWorker is \(threads): it must be at least 1") }
    guard !nodes.isEmpty else { throw invalid("there is no node to put workers on") }
    if case .perObject(let number) = policy.order, number < 1 {
      throw invalid("'\(policy)' has \(number) workers for each object: it must be at least 1")
    }
    for node in nodes where node.reservedCores < 0 || (node.slots ?? 0) < 0 {
      throw invalid("\(node.name) has a negative number of reserved cores or slots")
    }
  }
}

extension PlacementPolicy {
  /// Says itself how many workers there can be.
  fileprivate var isExhaustible: Bool {
    if case .perObject = order { return true }
    return isExplicit
  }

  /// The sets for the workers of one machine, in their order.
  ///
  /// - Throws: as `PlacementPlan`.
  public func cpuSets(
    for workers: Int, on topology: HardwareTopology, bindTo: BindTarget = .automatic, threadsPerWorker: Int = 1,
    reservedCores: Int = 0
  ) throws(ClusterError) -> [CPUSet] {
    let node = PlacementPlan.Node(name: "this machine", topology: topology, reservedCores: reservedCores)
    return try PlacementPlan(
      workers: workers, on: [node], policy: self, bindTo: bindTo, threadsPerWorker: threadsPerWorker
    ).workers.map(\.cpus)
  }
}

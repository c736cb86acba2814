/// What one node has for workers under a policy, divided into shares for one worker each: the first half of planning.
struct NodeShares: Sendable {
  /// All that workers of this node may use, whether they get a share of it or not.
  let usable: CPUSet
  /// For every object by which is mapped (or one for the whole node), the shares in it, in the order of their use.
  let domains: [[CPUSet]]
  /// To how many workers each object has room.
  let rooms: [Int]

  /// The objects to which workers are bound, where these are others than their shares.
  private let bindings: [CPUSet]?

  /// - Throws: `ClusterError` `.invalidArgument` for a node on which there is nothing to use, and for explicit policies
  ///   that it cannot fulfil.
  init(
    of node: PlacementPlan.Node, _ policy: PlacementPolicy, _ bindTo: BindTarget, threads: Int
  ) throws(ClusterError) {
    let topology = node.topology
    guard !topology.allowed.isEmpty else {
      throw ClusterError(.invalidArgument, "placement: there is no CPU on \(node.name) that this job may use")
    }
    usable = try Self.usable(of: node)
    let unit: TopologyLevel =
      policy.level == .hardwareThread || bindTo == .hardwareThread ? .hardwareThread : .core
    if let shares = try Self.explicit(policy, threads, node) {
      domains = [shares]
    } else {
      let units = Self.units(unit, of: usable, without: node.occupied, in: topology)
      let division = ShareDivision(units: units, threads: threads, topology: topology)
      switch policy.order {
      case .scatter: domains = [division.scattered(usable)]
      case .filling: domains = [division.shares(in: usable)]
      default:
        let parts = policy.level == unit ? [usable] : topology.parts(policy.level, of: usable)
        domains = parts.map { division.shares(in: $0) }
        if domains.allSatisfy(\.isEmpty) { try Self.checkSizes(of: parts, in: unit, policy, threads, node) }
      }
    }
    rooms = Self.rooms(of: domains, policy, slots: node.slots)
    let bindable = policy.isExplicit ? topology.allowed : usable
    bindings = bindTo.level.flatMap { $0 == unit && !policy.isExplicit ? nil : topology.parts($0, of: bindable) }
  }

  /// What a worker with this share is bound to.
  func binding(_ share: CPUSet) -> CPUSet {
    guard let bindings else { return share }
    return bindings.reduce(into: CPUSet()) { cpus, part in if !part.isDisjoint(with: share) { cpus.formUnion(part) } }
  }

  // MARK: What there is

  /// What is allowed, less what is reserved.
  static func usable(of node: PlacementPlan.Node) throws(ClusterError) -> CPUSet {
    let allowed = node.topology.allowed
    guard node.reservedCores > 0 else { return allowed }
    let cores = node.topology.parts(.core, of: allowed)
    guard node.reservedCores < cores.count else {
      throw ClusterError(
        .invalidArgument,
        "placement: options.reservedCores is \(node.reservedCores): it must be less than the \(cores.count) cores that "
          + "this job may use on \(node.name)")
    }
    return cores[node.reservedCores...].reduce(into: CPUSet()) { $0.formUnion($1) }
  }

  /// A core where somebody has a hardware thread is not free; fast ones first.
  private static func units(
    _ level: TopologyLevel, of usable: CPUSet, without occupied: CPUSet, in topology: HardwareTopology
  ) -> [CPUSet] {
    let free = topology.parts(level, of: usable).filter { $0.isDisjoint(with: occupied) }
    guard topology.kinds.count > 1 else { return free }
    return topology.kinds.reversed().flatMap { kind in free.filter { !$0.isDisjoint(with: kind) } }
      + free.filter { unit in topology.kinds.allSatisfy { $0.isDisjoint(with: unit) } }
  }

  /// Objects too small for a single worker are a mistake, not too many workers.
  private static func checkSizes(
    of parts: [CPUSet], in unit: TopologyLevel, _ policy: PlacementPolicy, _ threads: Int, _ node: PlacementPlan.Node
  ) throws(ClusterError) {
    let sizes = parts.map { node.topology.parts(unit, of: $0).count }
    guard let largest = sizes.max(), largest < threads, sizes.reduce(0, +) >= threads else { return }
    throw ClusterError(
      .invalidArgument,
      "placement: a worker needs \(threads) \(unit)s, but no \(policy.level) of \(node.name) has more than \(largest): "
        + "map by something larger than '\(policy)', or by core")
  }

  private static func explicit(
    _ policy: PlacementPolicy, _ threads: Int, _ node: PlacementPlan.Node
  ) throws(ClusterError) -> [CPUSet]? {
    let sets: [CPUSet]
    switch policy.order {
    case .masks(let masks): sets = masks
    case .cpus(let cpus):
      guard cpus.allSatisfy({ (0..<CPUSet.limit).contains($0) }), Set(cpus).count == cpus.count else {
        throw ClusterError(
          .invalidArgument, "placement: in '\(policy)' there is a number twice, or one outside 0..<\(CPUSet.limit)")
      }
      sets = stride(from: 0, to: cpus.count - cpus.count % threads, by: threads).map {
        CPUSet(cpus[$0..<($0 + threads)])
      }
    default: return nil
    }
    for set in sets where set.isEmpty || !set.isSubset(of: node.topology.allowed) {
      throw ClusterError(
        .invalidArgument,
        "placement: '\(policy)' has the set '\(set)', but on \(node.name) this job may use \(node.topology.allowed)")
    }
    return sets
  }

  /// Slots limit, as evenly as the policy would fill them.
  private static func rooms(of domains: [[CPUSet]], _ policy: PlacementPolicy, slots: Int?) -> [Int] {
    let rooms =
      if case .perObject(let count) = policy.order { domains.map { _ in count } } else { domains.map(\.count) }
    guard let slots, slots < rooms.reduce(0, +) else { return rooms }
    return policy.order.picks(slots, from: rooms).reduce(into: rooms.map { _ in 0 }) { $0[$1] += 1 }
  }
}

extension PlacementPolicy.Order {
  /// For each of `count` workers the domain that it goes to; fewer where there is no more room.
  func picks(_ count: Int, from rooms: [Int]) -> [Int] {
    switch self {
    case .filling, .perObject, .cpus, .masks:
      var picks: [Int] = []
      for (domain, room) in rooms.enumerated() where picks.count < count {
        picks += repeatElement(domain, count: min(room, count - picks.count))
      }
      return picks
    case .cyclic, .scatter: return Self.cyclicPicks(count, from: rooms)
    case .block: return Self.cyclicPicks(count, from: rooms).sorted()
    }
  }

  private static func cyclicPicks(_ count: Int, from rooms: [Int]) -> [Int] {
    var left = rooms
    var open = Array(rooms.indices).filter { rooms[$0] > 0 }
    var picks: [Int] = []
    while picks.count < count, !open.isEmpty {
      for domain in open.prefix(count - picks.count) {
        picks.append(domain)
        left[domain] -= 1
      }
      open.removeAll { left[$0] == 0 }
    }
    return picks
  }
}

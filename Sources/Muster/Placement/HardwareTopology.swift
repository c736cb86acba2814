/// What a machine consists of, and what of it this job may use: a plain value.
public struct HardwareTopology: Sendable, Hashable, Codable {
  /// A package, a NUMA node, a cache, a core or a hardware thread.
  public struct Object: Sendable, Hashable, Codable {
    /// Counted from 0 through the whole machine such that neighbours follow each other (hwloc's logical index).
    public let index: Int
    /// The operating system's number, if it has one. Those of cores are unique within a package only.
    public let osIndex: Int?
    public let cpus: CPUSet
    /// Of a NUMA node, in bytes.
    public let memory: UInt64?
  }

  /// In the order of their indices; no entry for what the machine does not have, or does not tell.
  private let objects: [TopologyLevel: [Object]]
  /// The hardware threads of the whole machine.
  public let cpus: CPUSet
  /// The hardware threads that this job may use: its cpuset, its control group, its binding.
  public var allowed: CPUSet
  /// The NUMA nodes (by the system's numbers) from which this job may take memory.
  public var allowedMemory: CPUSet
  /// Where cores differ (performance and efficiency cores): the hardware threads of each kind, the slowest first.
  public let kinds: [CPUSet]

  init(
    objects: [TopologyLevel: [Object]], cpus: CPUSet, allowed: CPUSet, allowedMemory: CPUSet, kinds: [CPUSet] = []
  ) {
    self.objects = objects
    self.cpus = cpus
    self.allowed = allowed
    self.allowedMemory = allowedMemory
    self.kinds = kinds
  }

  /// The objects of a kind; empty for what the machine does not have, or does not tell.
  public subscript(_ level: TopologyLevel) -> [Object] {
    level == .node ? [Object(index: 0, osIndex: nil, cpus: cpus, memory: nil)] : objects[level] ?? []
  }

  /// The same machine for a job that may use no more than these CPUs of it.
  public func restricted(to cpus: CPUSet) -> HardwareTopology {
    var copy = self
    copy.allowed.formIntersection(cpus)
    return copy
  }

  /// Divides CPUs by the objects of a level that they belong to: the parts are disjoint, none is empty, and their order
  /// is that of the machine.
  ///
  /// - A core of which only some hardware threads are in `usable` is a part, of just these.
  /// - Of NUMA nodes that overlap the smaller takes precedence; those without CPUs of their own are no parts. So a node
  ///   of high-bandwidth memory beside the usual one of the same cores does not count twice.
  /// - CPUs that belong to no object of the level (a machine that tells of no NUMA nodes; cores without an L3 cache) form
  ///   one part for each package, or one where there are no packages either; each is a core of its own.
  public func parts(_ level: TopologyLevel, of usable: CPUSet) -> [CPUSet] {
    guard level != .node else { return usable.isEmpty ? [] : [usable] }
    var left = usable
    var parts: [CPUSet] = []
    let candidates = level == .numaNode ? self[level].sorted { $0.cpus.count < $1.cpus.count } : self[level]
    for object in candidates where !object.cpus.isDisjoint(with: left) {
      parts.append(object.cpus.intersection(left))
      left.subtract(object.cpus)
    }
    let isInOrder = left.isEmpty && level != .numaNode
    if !left.isEmpty {
      switch level {
      case .hardwareThread, .core: parts += left.map { CPUSet([$0]) }
      case .package: parts.append(left)
      default: parts += self.parts(.package, of: left)
      }
    }
    return isInOrder ? parts : inOrder(parts)
  }

  /// Sorted by where their first CPU stands in the machine.
  private func inOrder(_ parts: [CPUSet]) -> [CPUSet] {
    var place = [Int](repeating: .max, count: (cpus.last ?? 0) + 1)
    for (index, thread) in self[.hardwareThread].enumerated() {
      for cpu in thread.cpus where cpu < place.count { place[cpu] = index }
    }
    func key(_ part: CPUSet) -> (Int, Int) {
      (part.map { $0 < place.count ? place[$0] : .max }.min() ?? .max, part.first ?? 0)
    }
    return parts.map { (key($0), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
  }

  /// The indices of the objects of a level to which any of the CPUs belongs; of NUMA nodes the system's numbers.
  func indices(_ level: TopologyLevel, of cpus: CPUSet) -> CPUSet {
    let found = self[level].filter { !$0.cpus.isDisjoint(with: cpus) }
    return CPUSet(found.map { level == .numaNode ? $0.osIndex ?? $0.index : $0.index })
  }
}

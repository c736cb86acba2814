/// Where workers are put, in the words of Open MPI's `--map-by` and Slurm's `--distribution`.
///
///     options.placement = .package            // round robin over the packages
///     options.placement = .perObject(2, .l3Cache)
///     options.placement = .scatter.strict     // as far apart as possible, an error when there are not enough cores
///
/// Each worker gets cores of its own, `threadsPerWorker` of them (Open MPI's `PE=n`), or hardware threads where it is
/// mapped by these or bound to them. Where cores differ, fast ones come first. Of several nodes one is filled after the
/// other, except where the policy says otherwise.
///
/// A core of which the job may use only some of the hardware threads counts as a core; who is bound to it is bound to
/// these.
public struct PlacementPolicy: Sendable, Hashable {
  enum Order: Sendable, Hashable {
    /// One object is full before the next one gets a worker.
    case filling
    /// Each object gets a worker in turn.
    case cyclic
    /// As many to each object as cyclic, but consecutive workers on the same.
    case block
    case scatter
    case perObject(Int)
    case cpus([Int])
    case masks([CPUSet])
  }

  let order: Order
  let level: TopologyLevel
  /// Round robin (or blocks) over the objects of all nodes at once, instead of one node after the other: Open MPI's
  /// `span`.
  public var spansNodes = false
  /// More workers than fit, and a worker that does not get what was planned, are errors.
  public var isStrict = false
  /// Where the memory of a worker comes from.
  public var memory = MemoryPolicy.local

  private init(_ order: Order, _ level: TopologyLevel, spansNodes: Bool = false) {
    self.order = order
    self.level = level
    self.spansNodes = spansNodes
  }

  // MARK: Policies

  /// The next free core (or hardware thread, when bound to that), node after node, `slots` on each.
  public static let slot = PlacementPolicy(.filling, .core)
  /// One hardware thread after the other: those of a core follow each other.
  public static let hardwareThread = PlacementPolicy(.cyclic, .hardwareThread)
  /// One core after the other.
  public static let core = PlacementPolicy(.cyclic, .core)
  /// Round robin over the L1 caches.
  public static let l1Cache = cyclic(.l1Cache)
  /// Round robin over the L2 caches.
  public static let l2Cache = cyclic(.l2Cache)
  /// Round robin over the L3 caches.
  public static let l3Cache = cyclic(.l3Cache)
  /// Round robin over the NUMA nodes.
  public static let numaNode = cyclic(.numaNode)
  /// Round robin over the packages.
  public static let package = cyclic(.package)
  /// Round robin over the compute nodes.
  public static let node = cyclic(.node)
  /// As far apart as possible: packages in turn, in each its NUMA nodes in turn, and so on down to the cores.
  public static let scatter = PlacementPolicy(.scatter, .core)
  /// As close together as possible: neighbouring hardware threads.
  public static let compact = PlacementPolicy(.filling, .hardwareThread)

  /// Each object in turn gets a worker, as long as it has room.
  public static func cyclic(_ level: TopologyLevel) -> PlacementPolicy {
    PlacementPolicy(.cyclic, level, spansNodes: level == .node)
  }

  /// The first workers on the first object and so on, as many on each as `cyclic` gives it.
  public static func block(_ level: TopologyLevel) -> PlacementPolicy {
    PlacementPolicy(.block, level, spansNodes: level == .node)
  }

  /// `count` workers on each object, in order: Open MPI's `ppr:count:object`.
  public static func perObject(_ count: Int, _ level: TopologyLevel) -> PlacementPolicy {
    PlacementPolicy(.perObject(count), level)
  }

  /// These CPUs of every node, in this order, `threadsPerWorker` for each worker; those reserved or taken by other
  /// workers too.
  public static func cpus(_ cpus: [Int]) -> PlacementPolicy { PlacementPolicy(.cpus(cpus), .hardwareThread) }

  /// The first worker of every node on the first set, the second on the second; they may overlap.
  public static func masks(_ masks: [CPUSet]) -> PlacementPolicy { PlacementPolicy(.masks(masks), .hardwareThread) }

  /// The same policy with `spansNodes`.
  public var spanning: PlacementPolicy {
    var copy = self
    copy.spansNodes = true
    return copy
  }

  /// The same policy with `isStrict`.
  public var strict: PlacementPolicy {
    var copy = self
    copy.isStrict = true
    return copy
  }

  var isExplicit: Bool {
    switch order {
    case .cpus, .masks: true
    default: false
    }
  }
}

/// What a worker may run on, of that where it was put.
public enum BindTarget: String, Sendable, Hashable, CaseIterable {
  /// Its cores; its hardware threads where it is mapped by these; what an explicit policy says.
  case automatic = "auto"
  /// Not bound.
  case none
  case hardwareThread = "hwthread"
  case core
  case l1Cache = "l1cache"
  case l2Cache = "l2cache"
  case l3Cache = "l3cache"
  case numaNode = "numa"
  case package

  /// Reads a target as `--bind-to` of Open MPI spells it.
  ///
  /// - Throws: `ClusterError` `.invalidArgument` that lists what there is.
  public init(_ text: String) throws(ClusterError) {
    guard let target = BindTarget(rawValue: text.lowercased()) else {
      throw ClusterError(
        .invalidArgument,
        "'\(text)' is nothing to bind to: there are \(Self.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    self = target
  }

  var level: TopologyLevel? { TopologyLevel(rawValue: rawValue) }
}

/// Where the memory of a worker comes from.
public enum MemoryPolicy: String, Sendable, Hashable, CaseIterable {
  /// From the NUMA node on which the worker runs.
  case local
  /// Page by page from all NUMA nodes that the job may use.
  case interleave
  /// As it was where the worker was started.
  case none
}

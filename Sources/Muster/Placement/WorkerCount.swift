/// How many workers to start.
public struct WorkerCount: Sendable, Hashable, ExpressibleByIntegerLiteral, CustomStringConvertible {
  /// Of what there is to be one worker each.
  public enum Unit: String, Sendable, Hashable, CaseIterable {
    case cores, hardwareThreads, packages, numaNodes, l3Caches

    var level: TopologyLevel {
      switch self {
      case .cores: .core
      case .hardwareThreads: .hardwareThread
      case .packages: .package
      case .numaNodes: .numaNode
      case .l3Caches: .l3Cache
      }
    }
  }

  private enum Kind: Hashable {
    case auto(Unit)
    case exactly(Int)
  }
  private let kind: Kind

  private init(_ kind: Kind) { self.kind = kind }

  /// One for every core that this job may use (its cpuset, its control group, its binding), not for every one of the
  /// host; less `options.reservedCores`, and divided by `options.threadsPerWorker`.
  public static let auto = auto(.cores)

  /// One for every package, NUMA node or L3 cache of which this job may use something, or for every hardware thread:
  /// `.auto(.hardwareThreads)` is Julia's count. Never more than the control group grants processor time for.
  ///
  /// Where they go is said by `options.placement` and `bindTo`: `.numaNode` and `.numaNode`, say.
  public static func auto(_ unit: Unit) -> WorkerCount { WorkerCount(.auto(unit)) }

  /// So many.
  public static func exactly(_ count: Int) -> WorkerCount { WorkerCount(.exactly(count)) }

  public init(integerLiteral value: Int) { self = .exactly(value) }

  /// The number where one was given; `nil` where machines are to be asked.
  public var exactValue: Int? {
    if case .exactly(let count) = kind { count } else { nil }
  }

  public var description: String {
    switch kind {
    case .auto(.cores): "auto"
    case .auto(let unit): "auto(\(unit))"
    case .exactly(let count): "\(count)"
    }
  }

  /// How many that is on a machine.
  ///
  /// - Parameters:
  ///   - topology: asked for when it is needed.
  ///   - quota: the processor time granted, in CPUs.
  /// - Throws: `ClusterError` `.invalidArgument` where nothing is left for workers.
  func resolve(
    on topology: () throws(ClusterError) -> HardwareTopology, quota: Double?, _ options: AddprocsOptions
  ) throws(ClusterError) -> Int {
    switch kind {
    case .exactly(let count): return count
    case .auto(let unit):
      let node = PlacementPlan.Node(
        name: "this machine", topology: try topology(), reservedCores: options.reservedCores)
      let count = node.topology.parts(unit.level, of: try NodeShares.usable(of: node)).count
      let threads = max(1, options.threadsPerWorker ?? 1)
      let isDivisible = unit == .cores || unit == .hardwareThreads
      return ControlGroup.limit(
        max(1, isDivisible ? count / threads : count), byQuota: quota.map { $0 / Double(threads) })
    }
  }
}

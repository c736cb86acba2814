/// The kinds of objects that share something, from the smallest to the largest.
public enum TopologyLevel: String, Sendable, Hashable, Codable, CaseIterable, CustomStringConvertible {
  case hardwareThread = "hwthread"
  case core
  case l1Cache = "l1cache"
  case l2Cache = "l2cache"
  case l3Cache = "l3cache"
  case numaNode = "numa"
  case package
  /// A whole machine.
  case node

  public var description: String {
    switch self {
    case .hardwareThread: "hardware thread"
    case .core: "core"
    case .l1Cache: "L1 cache"
    case .l2Cache: "L2 cache"
    case .l3Cache: "L3 cache"
    case .numaNode: "NUMA node"
    case .package: "package"
    case .node: "node"
    }
  }
}

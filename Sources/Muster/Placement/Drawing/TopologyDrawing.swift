/// A machine as boxes within boxes (packages, NUMA nodes, L3 caches), with a cell for each core and a place in it for each
/// hardware thread: a plain value, which is drawn in characters (`text`) and as SVG.
public struct TopologyDrawing: Sendable, Hashable {
  /// A worker that stands where it runs.
  public struct Worker: Sendable, Hashable {
    public let name: String
    public let cpus: CPUSet

    public init(name: String, cpus: CPUSet) {
      self.name = name
      self.cpus = cpus
    }
  }

  /// What is in a cell for one hardware thread.
  struct Slot: Sendable, Hashable {
    /// What stands there.
    let text: String
    /// The place in `workers` of the first of those that run there.
    let worker: Int?
    let isAllowed: Bool
  }

  /// A core.
  struct Cell: Sendable, Hashable {
    let title: String
    let slots: [Slot]
  }

  /// A box with boxes or with cells in it.
  indirect enum Content: Sendable, Hashable {
    case boxes([Box])
    case cells([Cell])
  }

  struct Box: Sendable, Hashable {
    let title: String
    let content: Content
  }

  let root: Box
  /// Of the titles of cells, and of what is in them, in characters.
  let titleWidth: Int
  let slotWidth: Int

  /// - Parameters:
  ///   - topology: of the machine.
  ///   - name: its name.
  ///   - workers: those that are bound there.
  public init(_ topology: HardwareTopology, name: String, workers: [Worker] = []) {
    let levels = ([.package, .numaNode, .l3Cache] as [TopologyLevel]).filter { !topology[$0].isEmpty }
    let owners = Self.owners(workers)
    root = Box(title: name, content: Self.content(of: topology.cpus, levels[...], topology, owners))
    titleWidth = String(max(0, topology[.core].count - 1)).count
    slotWidth = max(1, owners.values.map(\.text.count).max() ?? 1)
  }

  /// For each CPU who is on it.
  private static func owners(_ workers: [Worker]) -> [Int: (worker: Int, text: String)] {
    var owners: [Int: (worker: Int, text: String)] = [:]
    for (index, worker) in workers.enumerated() {
      for cpu in worker.cpus {
        if let first = owners[cpu] {
          owners[cpu] = (first.worker, workers[first.worker].name + "+")
        } else {
          owners[cpu] = (index, worker.name)
        }
      }
    }
    return owners
  }

  private static func content(
    of cpus: CPUSet, _ levels: ArraySlice<TopologyLevel>, _ topology: HardwareTopology,
    _ owners: [Int: (worker: Int, text: String)]
  ) -> Content {
    guard let level = levels.first else { return .cells(cells(of: cpus, topology, owners)) }
    let boxes = topology.parts(level, of: cpus).map { part in
      Box(
        title: title(level, of: part, topology), content: content(of: part, levels.dropFirst(), topology, owners))
    }
    return .boxes(boxes)
  }

  private static func title(_ level: TopologyLevel, of part: CPUSet, _ topology: HardwareTopology) -> String {
    guard let object = topology[level].first(where: { part.isSubset(of: $0.cpus) }) else { return "no \(level)" }
    let memory = object.memory.map { $0 > 0 ? " (\(size($0)))" : "" } ?? ""
    switch level {
    case .numaNode: return "NUMA \(object.osIndex ?? object.index)\(memory)"
    case .l3Cache: return "L3 \(object.index)"
    default: return "\(level) \(object.index)"
    }
  }

  /// `16 GiB`
  private static func size(_ bytes: UInt64) -> String {
    bytes >= 1 << 30 ? "\((bytes + 1 << 29) >> 30) GiB" : "\(bytes >> 20) MiB"
  }

  private static func cells(
    of cpus: CPUSet, _ topology: HardwareTopology, _ owners: [Int: (worker: Int, text: String)]
  ) -> [Cell] {
    topology.parts(.core, of: cpus).map { core in
      let index = topology[.core].first { !$0.cpus.isDisjoint(with: core) }?.index
      let slots = topology.parts(.hardwareThread, of: core).flatMap { Array($0) }.map { cpu in
        let isAllowed = topology.allowed.contains(cpu)
        return Slot(
          text: owners[cpu]?.text ?? (isAllowed ? "." : "-"), worker: owners[cpu]?.worker, isAllowed: isAllowed)
      }
      return Cell(title: index.map(String.init) ?? "", slots: slots)
    }
  }
}

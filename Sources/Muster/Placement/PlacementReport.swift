/// Plans and machines as text.
extension HardwareTopology: CustomStringConvertible {
  /// What there is, and what of it this job may use.
  public var description: String {
    let counts = TopologyLevel.allCases.reversed().compactMap { level -> String? in
      let count = self[level].count
      guard count > 0, level != .node else { return nil }
      return "\(count) \(level)\(count == 1 ? "" : "s")"
    }
    let usable = allowed == cpus ? "all of it" : allowed.isEmpty ? "nothing of it" : "the CPUs \(allowed)"
    return "\(counts.joined(separator: ", ")); this job may use \(usable)"
  }

  /// The machine in characters: see `TopologyPicture`.
  public func picture(of cpus: CPUSet) -> String { TopologyPicture(of: self).drawn(with: cpus) }

  /// Where these CPUs are, in words: `package 0, NUMA 1, core 4-5, CPU 4-5`.
  public func location(of cpus: CPUSet) -> String {
    let levels: [(TopologyLevel, String)] = [(.package, "package"), (.numaNode, "NUMA"), (.core, "core")]
    let places = levels.compactMap { level, name -> String? in
      let indices = self.indices(level, of: cpus)
      return indices.isEmpty ? nil : "\(name) \(indices)"
    }
    return (places + ["CPU \(cpus)"]).joined(separator: ", ")
  }
}

extension PlacementPlan: CustomStringConvertible {
  /// As `report()`.
  public var description: String { report() }

  /// One line for each worker: node, package, NUMA node, cores and CPUs, and a picture of the machine
  /// (`TopologyPicture`).
  ///
  /// - Parameter pids: the workers' numbers; from 2 on if not given, as for the first workers of a program.
  public func report(_ pids: [ProcessID]? = nil) -> String {
    var pictures: [Int: TopologyPicture] = [:]
    return workers.enumerated().map { index, worker in
      let node = nodes[worker.node]
      let pid = pids.map { $0[index] } ?? ProcessID(index + 2)
      let picture = pictures[worker.node] ?? TopologyPicture(of: node.topology)
      pictures[worker.node] = picture
      return "worker \(pid) on \(node.name): \(worker.text(on: node.topology, picture))"
    }.joined(separator: "\n")
  }
}

extension PlacementPlan.Worker {
  func text(on topology: HardwareTopology, _ picture: TopologyPicture) -> String {
    isBound
      ? "\(topology.location(of: cpus)) \(picture.drawn(with: cpus))"
      : "not bound, may use CPU \(cpus) \(picture.drawn(with: []))"
  }
}

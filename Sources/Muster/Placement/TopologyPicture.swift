/// A machine in characters, one for each hardware thread: `B` for those in a set, `.` for others, `-` for those that the
/// job may not use. Packages stand in brackets, `|` divides NUMA nodes and `/` cores.
///
///     [BB/../..|../../..][../../--|--/--/--]
struct TopologyPicture: Sendable {
  /// Hardware threads of cores of NUMA nodes of packages.
  private let packages: [[[[Int]]]]
  private let allowed: CPUSet

  init(of topology: HardwareTopology) {
    allowed = topology.allowed
    packages = topology.parts(.package, of: topology.cpus).map { package in
      topology.parts(.numaNode, of: package).map { node in
        topology.parts(.core, of: node).map { core in
          topology.parts(.hardwareThread, of: core).compactMap(\.first)
        }
      }
    }
  }

  func drawn(with cpus: CPUSet) -> String {
    func character(_ cpu: Int) -> Character { !allowed.contains(cpu) ? "-" : cpus.contains(cpu) ? "B" : "." }
    return packages.map { nodes in
      let drawn = nodes.map { cores in cores.map { String($0.map(character)) }.joined(separator: "/") }
      return "[\(drawn.joined(separator: "|"))]"
    }.joined()
  }
}

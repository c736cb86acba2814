import Testing

@testable import Muster

/// Machines of every shape: imagined ones, and the recorded ones of Tests/Fixtures/Topologies.
enum Machines {
  static let synthetic = [
    "pu:1", "pu:2", "pu:7", "core:1 pu:2", "core:2 pu:1", "core:4 pu:2", "core:3 pu:4", "package:1 core:1 pu:1",
    "package:2 core:1 pu:1", "package:2 core:4 pu:2", "package:3 core:2 pu:2", "package:4 core:3 pu:1",
    "numa:2 core:2 pu:2",
    "numa:4 core:1 pu:2", "numa:2 package:2 core:2 pu:2", "package:2 numa:2 core:2 pu:1",
    "package:2 numa:4 l3:1 core:2 pu:2",
    "package:1 l3:4 core:2 pu:2", "package:2 l3:2 l2:3 core:1 pu:2", "l3:3 l2:2 core:1 pu:1", "l2:4 core:2 pu:2",
    "package:2 l3:2 l2:2 l1d:1 core:1 pu:2", "package:1 die:2 l3:2 core:4 pu:2",
    "package:2 die:2 numa:2 l3:1 core:2 pu:1",
    "package:2 numa:1 l3:2 core:5 pu:2", "package:8 core:1 pu:1", "package:1 numa:8 core:1 pu:1", "group:3 core:2 pu:2",
    "package:2 numa:4 l3:4 core:4 pu:1", "package:2 core:2 pu:2(indexes=4*2:1*4)",
    "package:2 [numa(memory=8GB)] core:3 pu:1", "[numa] package:2 [numa] [numa] core:2 pu:2",
  ]

  static let recorded = [
    "asymmetric", "big-little", "epyc", "expander", "flat-hbm", "holes", "hwloc1", "hybrid", "job", "laptop", "lonely",
    "numa-of-packages", "smt8", "snc-expander", "virtual", "xeon",
  ]

  static func path(_ name: String) -> String {
    let tests = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    return "/\(tests)/Fixtures/Topologies/\(name).xml"
  }

  static func named(_ name: String) throws -> HardwareTopology {
    recorded.contains(name)
      ? try HardwareTopology(xmlFile: path(name)) : try HardwareTopology(synthetic: name)
  }

  /// Every machine, whole and with a part of it allowed.
  static let all: [(name: String, topology: HardwareTopology)] = (synthetic + recorded).flatMap { name in
    guard let topology = try? named(name) else { return [(name, HardwareTopology.none)] }
    var generator = SplitMix64(seed: name.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) })
    let some = CPUSet(topology.allowed.filter { _ in Int.random(in: 0..<3, using: &generator) > 0 })
    return [(name, topology), (name + ", restricted", topology.restricted(to: some))].filter { !$1.allowed.isEmpty }
  }
}

extension HardwareTopology {
  /// What no file can describe; a test over all machines fails for it.
  fileprivate static let none = HardwareTopology(objects: [:], cpus: [], allowed: [], allowedMemory: [])
}

/// A set, for the expectations of tests.
func cpus(_ list: String) -> CPUSet {
  do { return try CPUSet(list) } catch {
    Issue.record("\(error)")
    return []
  }
}

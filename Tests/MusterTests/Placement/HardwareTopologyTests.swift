import Foundation
import Glibc
import Testing

@testable import Muster

private func counts(_ topology: HardwareTopology) -> [Int] {
  [.package, .numaNode, .l3Cache, .l2Cache, .l1Cache, .core, .hardwareThread].map { topology[$0].count }
}

@Test(
  arguments: [
    ("epyc", [2, 8, 16, 32, 32, 32, 64]), ("xeon", [2, 2, 2, 12, 12, 12, 24]), ("laptop", [1, 1, 1, 4, 4, 4, 4]),
    ("virtual", [0, 1, 0, 0, 0, 0, 6]), ("asymmetric", [2, 1, 3, 0, 0, 11, 21]), ("hybrid", [1, 1, 1, 6, 0, 12, 16]),
    ("flat-hbm", [2, 4, 4, 0, 0, 16, 32]), ("expander", [2, 3, 0, 0, 0, 8, 16]), ("hwloc1", [2, 2, 2, 0, 0, 4, 8]),
    ("package:2 numa:2 l3:1 core:2 pu:2", [2, 4, 4, 0, 0, 8, 16]),
  ])
func `a topology has what the machine has`(name: String, expected: [Int]) throws {
  let topology = try Machines.named(name)
  #expect(counts(topology) == expected)
  #expect(topology.cpus.count == topology[.hardwareThread].count && topology.allowed == topology.cpus)
  for level in TopologyLevel.allCases where level != .node {
    #expect(topology[level].map(\.index) == Array(topology[level].indices), "\(level)")
    #expect(
      topology[level].allSatisfy { $0.cpus.isSubset(of: topology.cpus) && ($0.memory != nil) == (level == .numaNode) })
  }
}

@Test func `every fixture says what it is, and every machine can be read`() throws {
  for name in Machines.recorded {
    #expect(try String(contentsOfFile: Machines.path(name), encoding: .utf8).contains("<info name=\"Comment\""))
  }
  #expect(Machines.synthetic.count + Machines.recorded.count >= 40)
  for (name, topology) in Machines.all { #expect(!topology.cpus.isEmpty, "\(name)") }
}

@Test func `memory of NUMA nodes is in bytes`() throws {
  let topology = try Machines.named("expander")
  #expect(topology[.numaNode].compactMap(\.memory).reduce(0, +) == 384_000_000_000)
  #expect(topology.allowedMemory == cpus("0-2"))
}

@Test func `what a job was left of a machine is known, the rest of it too`() throws {
  let topology = try Machines.named("job")
  #expect(topology.cpus == cpus("0-15") && topology.allowed == cpus("2-6,8,10-11") && topology.allowedMemory == [0])
  #expect(topology.parts(.core, of: topology.allowed) == ["2-3", "4-5", "6", "8", "10-11"].map(cpus))
  #expect(topology.description.contains("8 cores") && topology.description.hasSuffix("the CPUs 2-6,8,10-11"))
  #expect(topology.picture(of: cpus("2-3,6")) == "[--/BB/../B-][.-/../--/--]")
}

@Test func `kinds of cores are known, the slowest first`() throws {
  #expect(try Machines.named("hybrid").kinds == [cpus("8-15"), cpus("0-7")])
  #expect(try Machines.named("big-little").kinds == [cpus("0-3"), cpus("4-7")])
  #expect(try Machines.named("xeon").kinds.isEmpty)
}

@Test func `NUMA nodes without processors of their own are no parts`() throws {
  for name in ["flat-hbm", "expander"] {
    let topology = try Machines.named(name)
    #expect(topology.parts(.numaNode, of: topology.cpus) == topology[.package].map(\.cpus), "\(name)")
  }
  let topology = try Machines.named("snc-expander")
  #expect(topology.parts(.numaNode, of: topology.cpus) == ["0-5", "6-11", "12-17", "18-23"].map(cpus))
}

@Test func `what a machine does not have is as large as its packages, and as small as a hardware thread`() throws {
  let bare = try Machines.named("virtual")
  for level in [TopologyLevel.package, .numaNode, .l3Cache, .l1Cache, .node] {
    #expect(bare.parts(level, of: bare.cpus) == [cpus("0-5")], "\(level)")
  }
  #expect(bare.parts(.core, of: bare.cpus) == (0..<6).map { [$0] })
  let topology = try Machines.named("package:2 core:4 pu:2")
  #expect(topology.parts(.l3Cache, of: topology.cpus) == ["0-7", "8-15"].map(cpus))
}

@Test func `parts divide what is usable, on every machine and level`() {
  for (name, topology) in Machines.all {
    for level in TopologyLevel.allCases {
      let parts = topology.parts(level, of: topology.allowed)
      #expect(
        parts.allSatisfy { !$0.isEmpty } && parts.reduce(CPUSet()) { $0.union($1) } == topology.allowed, "\(name)")
      #expect(parts.map(\.count).reduce(0, +) == topology.allowed.count, "the \(level)s of \(name) overlap")
    }
    #expect(topology.parts(.core, of: []) == [])
  }
}

@Test func `this machine is what the kernel says`() throws {
  let topology = try HardwareTopology.thisMachine()
  #expect(topology.allowed == CPUSet.ofThisThread)
  let online = try #require(readSmallFile("/sys/devices/system/cpu/online"))
  #expect(try topology.cpus == CPUSet(online))
  let siblings = Set(
    topology.cpus.compactMap { readSmallFile("/sys/devices/system/cpu/cpu\($0)/topology/thread_siblings_list") })
  #expect(siblings.isEmpty || topology[.core].count == siblings.count)
  #expect(topology[.numaNode].allSatisfy { $0.memory ?? 0 > 0 })
}

@Test func `a topology survives the wire`() throws {
  for name in ["hybrid", "job", "epyc"] {
    let topology = try Machines.named(name)
    #expect(try roundTrip(topology) == topology)
    #expect(try JSONDecoder().decode(HardwareTopology.self, from: JSONEncoder().encode(topology)) == topology)
  }
}

@Test(arguments: ["", "nonsense", "package:0", "package:2 core:-1", "pu:100000000000", "pu:2(indexes=65535,65536)"])
func `a synthetic description that is none`(description: String) {
  let error = #expect(throws: ClusterError.self) { try HardwareTopology(synthetic: description) }
  #expect(error?.code == .invalidArgument && error?.message.contains("'\(description)'") == true)
}

@Test func `XML that cannot be read says which file and why`() throws {
  let directory = NSTemporaryDirectory() + "topologies-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: directory) }
  let good = try String(contentsOfFile: Machines.path("laptop"), encoding: .utf8)
  let bad: [(String, String, String)] = [
    ("empty", "", "not hwloc's XML"), ("text", "hello", "not hwloc's XML"),
    ("other", "<?xml version=\"1.0\"?><svg/>", "not hwloc's XML"),
    ("foreign", good.replacing("<topology version=\"2.0\">", with: "<topology version=\"3.0\">"), "version 3.0"),
    ("cut", String(good.prefix(good.count / 2)), "hwloc cannot"),
    ("hollow", "<?xml version=\"1.0\"?>\n<topology version=\"2.0\"></topology>", "hwloc cannot"),
  ]
  for (name, text, reason) in bad {
    let path = "\(directory)/\(name).xml"
    try text.write(toFile: path, atomically: false, encoding: .utf8)
    let error = #expect(throws: ClusterError.self) { try HardwareTopology(xmlFile: path) }
    #expect(error?.code == .invalidArgument, "\(name)")
    #expect(error?.message.contains(path) == true && error?.message.contains(reason) == true, "\(error?.message ?? "")")
  }
  for (path, reason) in [("\(directory)/missing.xml", "No such file"), (directory, "Is a directory")] {
    let error = #expect(throws: ClusterError.self) { try HardwareTopology(xmlFile: path) }
    #expect(error?.message.contains(path) == true && error?.message.contains(reason) == true)
  }
}

import Testing

@testable import Muster

/// The sets that a policy gives, as lists.
private func sets(
  _ policy: PlacementPolicy, _ workers: Int, on machine: String, bindTo: BindTarget = .automatic, threads: Int = 1,
  reserved: Int = 0
) throws -> [String] {
  try policy.cpuSets(
    for: workers, on: Machines.named(machine), bindTo: bindTo, threadsPerWorker: threads, reservedCores: reserved
  ).map(\.description)
}

/// Two packages with two cores each, two hardware threads to a core, numbered one after the other.
private let small = "package:2 numa:1 l3:1 core:2 pu:2"

@Test(
  arguments: [
    (.core, 3, ["0-1", "2-3", "4-5"]), (.slot, 3, ["0-1", "2-3", "4-5"]), (.hardwareThread, 3, ["0", "1", "2"]),
    (.package, 4, ["0-1", "4-5", "2-3", "6-7"]), (.l3Cache, 3, ["0-1", "4-5", "2-3"]),
    (.numaNode, 3, ["0-1", "4-5", "2-3"]), (.block(.package), 3, ["0-1", "2-3", "4-5"]),
    (.block(.package), 2, ["0-1", "4-5"]), (.perObject(1, .package), 2, ["0-1", "4-5"]),
    (.perObject(2, .package), 3, ["0-1", "2-3", "4-5"]), (.scatter, 4, ["0-1", "4-5", "2-3", "6-7"]),
    (.compact, 3, ["0", "1", "2"]), (.node, 2, ["0-1", "2-3"]), (.cpus([5, 0, 1]), 2, ["5", "0"]),
    (.masks([cpus("0-3"), cpus("2-5")]), 2, ["0-3", "2-5"]),
  ] as [(PlacementPolicy, Int, [String])])
func `policies mean what they mean in Open MPI and Slurm`(policy: PlacementPolicy, workers: Int, expected: [String])
  throws
{
  #expect(try sets(policy, workers, on: small) == expected)
}

@Test(
  arguments: [
    (.core, .hardwareThread, 5, ["0", "2", "4", "6", "1"]), (.slot, .hardwareThread, 3, ["0", "1", "2"]),
    (.package, .hardwareThread, 3, ["0", "4", "1"]), (.hardwareThread, .core, 3, ["0-1", "0-1", "2-3"]),
    (.package, .package, 3, ["0-3", "4-7", "0-3"]), (.core, .numaNode, 3, ["0-3", "0-3", "4-7"]),
    (.core, .l3Cache, 1, ["0-3"]), (.core, .l2Cache, 1, ["0-3"]), (.core, .none, 2, ["0-7", "0-7"]),
    (.scatter, .hardwareThread, 8, ["0", "4", "2", "6", "1", "5", "3", "7"]),
    (.cpus([1, 6]), .core, 2, ["0-1", "6-7"]), (.masks([[3]]), .package, 1, ["0-3"]),
  ] as [(PlacementPolicy, BindTarget, Int, [String])])
func `workers are bound to what is asked for`(
  policy: PlacementPolicy, target: BindTarget, workers: Int, expected: [String]
) throws {
  #expect(try sets(policy, workers, on: small, bindTo: target) == expected)
}

@Test func `several cores to a worker stay together`() throws {
  #expect(try sets(.core, 2, on: small, threads: 2) == ["0-3", "4-7"])
  #expect(try sets(.hardwareThread, 3, on: small, threads: 2) == ["0-1", "2-3", "4-5"])
  #expect(try sets(.cpus([0, 4, 1, 5]), 2, on: small, threads: 2) == ["0,4", "1,5"])
  // Two of five cores each: two in each package, and of what is left over one that straddles.
  let odd = "package:2 core:5 pu:1"
  #expect(try sets(.core, 5, on: odd, threads: 2) == ["0-1", "2-3", "4,9", "5-6", "7-8"])
  #expect(try sets(.package, 4, on: odd, threads: 2) == ["0-1", "5-6", "2-3", "7-8"])
  #expect(try sets(.scatter, 4, on: odd, threads: 2) == ["0-1", "5-6", "2-3", "7-8"])
}

@Test func `scattering goes from the large to the small`() throws {
  #expect(
    try sets(.scatter, 8, on: "package:2 numa:2 l3:2 core:2 pu:1")
      == ["0", "8", "4", "12", "2", "10", "6", "14"])
}

@Test func `of a core of which some hardware threads may be used, these are used`() throws {
  #expect(try sets(.core, 5, on: "job") == ["2-3", "4-5", "6", "8", "10-11"])
  #expect(try sets(.package, 5, on: "job") == ["2-3", "8", "4-5", "10-11", "6"])
  #expect(try sets(.hardwareThread, 8, on: "job") == ["2", "3", "4", "5", "6", "8", "10", "11"])
}

@Test func `fast cores come first, and are not mixed with slow ones`() throws {
  #expect(try sets(.core, 5, on: "hybrid") == ["0-1", "2-3", "4-5", "6-7", "8"])
  #expect(try sets(.core, 5, on: "big-little") == ["4", "5", "6", "7", "0"])
  #expect(try sets(.core, 4, on: "big-little", threads: 2) == ["4-5", "6-7", "0-1", "2-3"])
  #expect(try sets(.core, 2, on: "big-little", threads: 3) == ["4-6", "0-2"])
}

@Test func `a full package is passed over`() throws {
  #expect(try sets(.package, 5, on: "lonely") == ["0", "7", "8", "9", "10"])
  #expect(try sets(.block(.package), 4, on: "lonely") == ["0", "7", "8", "9"])
}

@Test func `the numbering of the system does not matter`() throws {
  #expect(try sets(.core, 3, on: "epyc") == ["0,32", "1,33", "2,34"])
  #expect(try sets(.package, 3, on: "xeon") == ["0,12", "1,13", "2,14"])
}

@Test func `reserved cores are the first ones and stay free`() throws {
  #expect(try sets(.core, 3, on: small, reserved: 1) == ["2-3", "4-5", "6-7"])
  #expect(try sets(.core, 4, on: small, reserved: 1) == Array(repeating: "2-7", count: 4))
  #expect(try sets(.core, 1, on: small, bindTo: .package, reserved: 1) == ["2-3"])
}

@Test func `more workers than cores are not bound, and an error when asked to be strict`() throws {
  let node = PlacementPlan.Node(name: "n1", topology: try Machines.named(small))
  let plan = try PlacementPlan(workers: 5, on: [node])
  #expect(plan.workers.allSatisfy { !$0.isBound && $0.cpus == cpus("0-7") } && plan.workers.count == 5)
  for (policy, workers, threads) in [
    (PlacementPolicy.core, 5, 1), (.package, 3, 2), (.scatter, 2, 3), (.compact, 9, 1),
  ] {
    #expect(throws: Never.self) {
      try PlacementPlan(workers: workers, on: [node], policy: policy, threadsPerWorker: threads)
    }
    let error = #expect(throws: ClusterError.self) {
      try PlacementPlan(workers: workers, on: [node], policy: policy.strict, threadsPerWorker: threads)
    }
    #expect(error?.message.contains("\(workers) workers") == true && error?.message.contains("n1") == true)
  }
  #expect(throws: ClusterError.self) { try sets(.perObject(3, .package).strict, 6, on: small) }
  #expect(try sets(.perObject(3, .package), 6, on: small) == Array(repeating: "0-7", count: 6))
}

@Test(
  arguments: [
    (.core, 0, 1, "at least 1"), (.core, -3, 1, "at least 1"), (.core, 1, 0, "threadsPerWorker is 0"),
    (.perObject(0, .core), 1, 1, "must be at least 1"), (.perObject(1, .package), 3, 1, "room for 2"),
    (.cpus([0, 1]), 3, 1, "room for 2"), (.cpus([0]), 1, 2, "room for 0"), (.cpus([0, 0]), 1, 1, "twice"),
    (.cpus([0, -1]), 1, 1, "outside"), (.cpus([99]), 1, 1, "may use 0-7"), (.masks([]), 1, 1, "room for 0"),
    (.masks([[]]), 1, 1, "may use 0-7"), (.masks([cpus("7-8")]), 1, 1, "may use 0-7"),
    (.package, 1, 3, "no package of this machine has more than 2"),
    (.l3Cache, 1, 4, "map by something larger"),
  ] as [(PlacementPolicy, Int, Int, String)])
func `what cannot be planned is an error that says why`(
  policy: PlacementPolicy, workers: Int, threads: Int, reason: String
) {
  let error = #expect(throws: ClusterError.self) { try sets(policy, workers, on: small, threads: threads) }
  #expect(error?.code == .invalidArgument && error?.message.contains(reason) == true, "\(error?.message ?? "")")
}

@Test func `a machine of which nothing may be used, and one that is reserved as a whole`() throws {
  let nothing = try Machines.named(small).restricted(to: [99])
  #expect(throws: ClusterError.self) { try PlacementPolicy.core.cpuSets(for: 1, on: nothing) }
  let error = #expect(throws: ClusterError.self) { try sets(.core, 1, on: small, reserved: 4) }
  #expect(error?.message.contains("reservedCores is 4") == true && error?.message.contains("4 cores") == true)
  #expect(throws: ClusterError.self) { try PlacementPlan(workers: 1, on: []) }
}

// MARK: - Several nodes

private func nodes(_ machines: [String], slots: [Int?] = []) throws -> [PlacementPlan.Node] {
  try machines.enumerated().map { index, machine in
    PlacementPlan.Node(
      name: "n\(index)", topology: try Machines.named(machine), slots: slots.isEmpty ? nil : slots[index])
  }
}

private func places(
  _ policy: PlacementPolicy, _ workers: Int, on nodes: [PlacementPlan.Node], threads: Int = 1
) throws -> [String] {
  try PlacementPlan(workers: workers, on: nodes, policy: policy, threadsPerWorker: threads).workers.map {
    "\($0.node):\($0.isBound ? $0.cpus.description : "-")"
  }
}

@Test func `nodes are filled one after the other, or in turn`() throws {
  let two = try nodes(["package:2 core:2 pu:1", "package:2 core:2 pu:1"])
  #expect(try places(.core, 5, on: two) == ["0:0", "0:1", "0:2", "0:3", "1:0"])
  #expect(try places(.package, 5, on: two) == ["0:0", "0:2", "0:1", "0:3", "1:0"])
  #expect(try places(.package.spanning, 5, on: two) == ["0:0", "0:2", "1:0", "1:2", "0:1"])
  #expect(try places(.node, 5, on: two) == ["0:0", "1:0", "0:1", "1:1", "0:2"])
  #expect(try places(.block(.node), 5, on: two) == ["0:0", "0:1", "0:2", "1:0", "1:1"])
  #expect(try places(.block(.package).spanning, 5, on: two) == ["0:0", "0:1", "0:2", "1:0", "1:2"])
  #expect(try places(.scatter.spanning, 4, on: two) == ["0:0", "1:0", "0:2", "1:2"])
  #expect(try places(.perObject(1, .node), 2, on: two) == ["0:0", "1:0"])
  #expect(try places(.perObject(1, .package), 4, on: two) == ["0:0", "0:2", "1:0", "1:2"])
  #expect(try places(.cpus([3, 1]), 4, on: two) == ["0:3", "0:1", "1:3", "1:1"])
}

@Test func `slots limit a node, and more workers than slots oversubscribe`() throws {
  let limited = try nodes(["core:4 pu:1", "core:4 pu:1"], slots: [1, 2])
  #expect(try places(.slot, 3, on: limited) == ["0:0", "1:0", "1:1"])
  #expect(try places(.node, 3, on: limited) == ["0:0", "1:0", "1:1"])
  #expect(try places(.slot, 4, on: limited) == ["0:-", "1:0", "1:1", "0:-"])
  #expect(throws: ClusterError.self) { try places(.slot.strict, 4, on: limited) }
  #expect(try places(.core, 2, on: nodes(["core:4 pu:1", "core:4 pu:1"], slots: [0, nil])) == ["1:0", "1:1"])
}

@Test func `machines may differ`() throws {
  let mixed = try nodes(["laptop", "hybrid", "virtual"])
  #expect(
    try places(.node, 7, on: mixed, threads: 2) == ["0:0-1", "1:0-3", "2:0-1", "0:2-3", "1:4-7", "2:2-3", "1:8-9"])
}

@Test func `a plan is shown with one line for each worker`() throws {
  let node = PlacementPlan.Node(name: "n1", topology: try Machines.named("package:2 numa:1 core:2 pu:2"))
  #expect(
    try PlacementPlan(workers: 2, on: [node], policy: .package).report() == """
      worker 2 on n1: package 0, NUMA 0, core 0, CPU 0-1 [BB/..][../..]
      worker 3 on n1: package 1, NUMA 1, core 2, CPU 4-5 [../..][BB/..]
      """)
  let crowded = try PlacementPlan(workers: 5, on: [node])
  #expect(crowded.report([7, 8, 9, 10, 11]).hasPrefix("worker 7 on n1: not bound, may use CPU 0-7 [../..][../..]\n"))
  #expect("\(crowded)" == crowded.report())
}

// MARK: - As text

@Test func `policies are read as they are written`() throws {
  let levels = TopologyLevel.allCases
  var policies: [PlacementPolicy] = [.slot, .scatter, .compact, .cpus([0, 2, 4]), .masks([cpus("0-3"), cpus("40")])]
  policies += levels.map { .cyclic($0) } + levels.map { .block($0) } + levels.map { .perObject(2, $0) }
  for var policy in policies {
    #expect(try PlacementPolicy(policy.description) == policy)
    policy.memory = .interleave
    #expect(try PlacementPolicy(policy.spanning.strict.description) == policy.spanning.strict)
  }
  #expect(try PlacementPolicy("L3CACHE:SPAN:strict") == .l3Cache.spanning.strict)
  #expect(try PlacementPolicy("cpus:0,2,4-7") == .cpus([0, 2, 4, 5, 6, 7]) && BindTarget("Core") == .core)
  #expect(
    try PlacementPolicy("cyclic:numa") == .numaNode && PlacementPolicy("ppr:2:package") == .perObject(2, .package))
}

@Test(
  arguments: [
    "", "corez", "socket", "block", "block:", "block:rack", "ppr:0:core", "ppr:x:core", "ppr:2", "core:core", "cpus:a",
    "masks:3-4", "cpus:", "cpus:0,,1", "cpus:0,", "masks:", "masks:,0x1", ":strict", "core:stric", "core:mem=far",
    "core:pe=2", "ppr:1:core:2",
  ])
func `an unknown policy is an error that lists what there is`(text: String) {
  let error = #expect(throws: ClusterError.self) { try PlacementPolicy(text) }
  #expect(error?.code == .invalidArgument && error?.message.contains("'") == true)
}

@Test func `an unknown target is an error that lists what there is`() {
  let error = #expect(throws: ClusterError.self) { try BindTarget("board") }
  #expect(error?.message.contains("board") == true && error?.message.contains("hwthread, core") == true)
}

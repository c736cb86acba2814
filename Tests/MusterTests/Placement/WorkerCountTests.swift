import Testing

@testable import Muster

private func count(
  _ count: WorkerCount, on machine: String, quota: Double? = nil, reserved: Int = 0, threads: Int? = nil
) throws -> Int {
  var options = AddprocsOptions()
  options.reservedCores = reserved
  options.threadsPerWorker = threads
  return try count.resolve(
    on: { () throws(ClusterError) in try HardwareTopology(anyMachine: machine) }, quota: quota, options)
}

extension HardwareTopology {
  fileprivate init(anyMachine name: String) throws(ClusterError) {
    if Machines.recorded.contains(name) {
      try self.init(xmlFile: Machines.path(name))
    } else {
      try self.init(synthetic: name)
    }
  }
}

@Test func `auto is a worker for every core that the job may use`() throws {
  #expect(try count(.auto, on: "xeon") == 12 && count(.auto, on: "job") == 5 && count(.auto, on: "virtual") == 6)
  #expect(try count(.auto, on: "holes") == 16 && count(.auto, on: "hybrid") == 12 && count(.auto, on: "pu:1") == 1)
}

@Test func `auto counts hardware threads, packages, NUMA nodes and L3 caches, too`() throws {
  let counts = try WorkerCount.Unit.allCases.map { try count(.auto($0), on: "epyc") }
  #expect(counts == [32, 64, 2, 8, 16])
  #expect(try count(.auto(.hardwareThreads), on: "job") == 8 && count(.auto(.packages), on: "job") == 2)
  #expect(try count(.auto(.numaNodes), on: "flat-hbm") == 2 && count(.auto(.numaNodes), on: "virtual") == 1)
}

@Test func `auto leaves reserved cores, and divides by the cores of a worker`() throws {
  #expect(
    try count(.auto, on: "xeon", reserved: 2) == 10 && count(.auto(.hardwareThreads), on: "xeon", reserved: 2) == 20)
  #expect(try count(.auto, on: "xeon", threads: 5) == 2 && count(.auto, on: "laptop", threads: 99) == 1)
  #expect(try count(.auto(.packages), on: "xeon", threads: 6) == 2)
  #expect(throws: ClusterError.self) { try count(.auto, on: "laptop", reserved: 4) }
}

@Test func `auto is no more than the control group grants`() throws {
  #expect(try count(.auto, on: "xeon", quota: 3.9) == 3 && count(.auto, on: "laptop", quota: 16) == 4)
  #expect(try count(.auto, on: "xeon", quota: 0.3) == 1 && count(.auto, on: "xeon", quota: 6, threads: 2) == 3)
}

@Test func `an exact count is what it says, and no machine is looked at`() throws {
  #expect(try count(7, on: "no machine", quota: 1) == 7 && count(.exactly(3), on: "no machine") == 3)
  #expect(WorkerCount.auto == .auto(.cores) && WorkerCount.auto.description == "auto")
  #expect("\(WorkerCount.auto(.l3Caches)) \(WorkerCount.exactly(5))" == "auto(l3Caches) 5")
}

@Test func `this machine has a core, and no more than it allows CPUs`() throws {
  #expect((1...CPUSet.ofThisThread.count).contains(try LocalManager(.auto).workerCount()))
}

// MARK: - Control groups

@Test(
  arguments: [
    ("150000 100000\n", 1.5), ("100000 100000", 1), ("50000 100000\n", 0.5), ("max 100000\n", nil), ("-1 100000", nil),
    ("", nil), ("max", nil), ("1 2 3", nil), ("1 0", nil), ("1 -5", nil), ("x 100000", nil),
  ] as [(String, Double?)])
func `a quota is the CPUs' worth of time that a control group grants`(text: String, expected: Double?) {
  #expect(ControlGroup.quota(text) == expected)
}

@Test func `quotas round down, and one core is always there`() {
  #expect(ControlGroup.limit(8, byQuota: nil) == 8 && ControlGroup.limit(8, byQuota: 16) == 8)
  #expect(ControlGroup.limit(8, byQuota: 3.9) == 3 && ControlGroup.limit(8, byQuota: 0.3) == 1)
  #expect(ControlGroup.limit(1, byQuota: 1.99) == 1 && ControlGroup.limit(4, byQuota: .infinity) == 4)
}

@Test func `every control group around a process counts, of both versions`() {
  #expect(ControlGroup.directories("0::/a/b\n") == ["/sys/fs/cgroup", "/sys/fs/cgroup/a", "/sys/fs/cgroup/a/b"])
  #expect(
    ControlGroup.directories("9:memory:/x\n4:cpu,cpuacct:/job\n0::/\n")
      == ["/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct/job", "/sys/fs/cgroup"])
  #expect(ControlGroup.directories("nonsense").isEmpty)
}

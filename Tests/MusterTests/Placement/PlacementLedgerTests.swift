import Testing

@testable import Muster

private func node(_ machine: String = "package:2 core:2 pu:1", name: String = "n1") throws -> PlacementPlan.Node {
  PlacementPlan.Node(name: name, topology: try HardwareTopology(synthetic: machine))
}

private func placed(_ ledger: PlacementLedger, _ pids: [ProcessID]) -> [String] {
  pids.map { ledger[$0].map { $0.worker.isBound ? $0.worker.cpus.description : "-" } ?? "?" }
}

@Test func `workers are placed around those that there are, and get what those leave behind`() throws {
  var ledger = PlacementLedger()
  let options = AddprocsOptions()
  _ = try ledger.place([2, 3], on: [node()], options)
  _ = try ledger.place([4], on: [node()], options)
  #expect(placed(ledger, [2, 3, 4]) == ["0", "1", "2"])
  ledger.release(3)
  _ = try ledger.place([5, 6], on: [node()], options)
  _ = try ledger.place([7], on: [node()], options)
  _ = try ledger.place([8], on: [node(name: "n2")], options)
  #expect(placed(ledger, [3, 5, 6, 7, 8]) == ["?", "1", "3", "-", "0"])
}

@Test func `workers that are not bound keep nobody away`() throws {
  var ledger = PlacementLedger()
  var options = AddprocsOptions()
  options.bindTo = .none
  _ = try ledger.place([2, 3, 4, 5], on: [node()], options)
  options.bindTo = .automatic
  _ = try ledger.place([6], on: [node()], options)
  #expect(placed(ledger, [2, 6]) == ["-", "0"])
}

@Test func `a failed plan leaves no trace`() throws {
  var ledger = PlacementLedger()
  var options = AddprocsOptions()
  options.placement = .core.strict
  #expect(throws: ClusterError.self) { try ledger.place([2, 3, 4, 5, 6], on: [node()], options) }
  _ = try ledger.place([7, 8, 9, 10], on: [node()], options)
  #expect(placed(ledger, [2, 7, 10]) == ["?", "0", "3"])
}

@Test func `threaded libraries get the cores in equal parts, or as many as is said`() throws {
  var options = AddprocsOptions()
  options.enableThreadedBLAS = true
  var ledger = PlacementLedger()
  _ = try ledger.place([2, 3], on: [node()], options)
  #expect(placed(ledger, [2, 3]) == ["0-1", "2-3"])
  options.threadsPerWorker = 3
  ledger = PlacementLedger()
  _ = try ledger.place([2], on: [node()], options)
  #expect(placed(ledger, [2]) == ["0-2"])
}

@Test func `what a worker has to bind is what it was given, its memory included`() throws {
  var ledger = PlacementLedger()
  var options = AddprocsOptions()
  _ = try ledger.place([2], on: [node("numa:2 core:1 pu:1")], options)
  #expect(ledger[2]?.binding.lines == ["cpus=0", "memory=local"])
  options.placement.memory = .interleave
  _ = try ledger.place([3, 4], on: [node("numa:2 core:1 pu:1")], options)
  #expect(ledger[3]?.binding.lines == ["memory=interleave:0-1"])
  options.placement.memory = .none
  var other = try node("numa:2 core:1 pu:1", name: "n2")
  other.reservedCores = 1
  _ = try ledger.place([5, 6], on: [other], options)
  #expect(ledger[5]?.worker.isBound == false && ledger[5]?.binding.lines == ["cpus=1"])
}

@Test func `the report says where each worker is, and what it has instead`() throws {
  var ledger = PlacementLedger()
  _ = try ledger.place([2, 3], on: [node()], AddprocsOptions())
  ledger.joined(2, actual: [0])
  ledger.joined(3, actual: cpus("0-1"))
  #expect(
    ledger.report() == """
      worker 2 on n1: package 0, NUMA 0, core 0, CPU 0 [B/.][./.]
      worker 3 on n1: package 0, NUMA 0, core 1, CPU 1 [./B][./.] (but it runs on CPU 0-1)
      """)
}

@Test(arguments: [(nil, nil), ("0-3,8", "local"), (nil, "interleave:0-1"), ("5", nil)] as [(String?, String?)])
func `a binding is read as it was written`(cpuList: String?, memory: String?) throws {
  let binding = try Binding(cpus: cpuList, memory: memory)
  let lines = [cpuList.map { "cpus=\($0)" }, memory.map { "memory=\($0)" }].compactMap { $0 }
  #expect(binding.lines == lines)
}

@Test(arguments: [("x", nil), ("0-", nil), (nil, "far"), (nil, "interleave:x")] as [(String?, String?)])
func `what is no binding is an error`(cpuList: String?, memory: String?) {
  #expect(throws: ClusterError.self) { try Binding(cpus: cpuList, memory: memory) }
}

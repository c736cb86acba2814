import Testing

@testable import Muster

@Suite struct SlurmAllocationTests {
  private let job = [
    "SLURM_JOB_ID": "7", "SLURM_JOB_NODELIST": "node[1-3]", "SLURM_TASKS_PER_NODE": "2(x2),1",
    "SLURM_JOB_CPUS_PER_NODE": "4(x2),2", "SLURM_CPUS_PER_TASK": "2",
  ]

  private func node(
    _ name: String, _ tasks: Int, _ component: Int? = nil, cpus: Int? = 2
  ) -> SlurmAllocation.Node {
    SlurmAllocation.Node(name: name, tasks: tasks, component: component, cpusPerTask: cpus)
  }

  @Test func anUnevenAllocation() throws {
    let allocation = try SlurmAllocation(environment: job)
    #expect(allocation.job == "7" && allocation.tasks == 5)
    #expect(allocation.nodes == [node("node1", 2), node("node2", 2), node("node3", 1)])
  }

  @Test func inAStepTheJobCountsAndNotTheStep() throws {
    let step = job.merging(["SLURM_STEP_ID": "0", "SLURM_TASKS_PER_NODE": "1", "SLURM_NTASKS": "1"]) { $1 }
    #expect(try SlurmAllocation(environment: step).nodes.map(\.tasks) == [2, 2, 1])
  }

  @Test func severalComponents() throws {
    let allocation = try SlurmAllocation(environment: [
      "SLURM_JOB_ID": "4", "SLURM_HET_SIZE": "2",
      "SLURM_JOB_NODELIST_HET_GROUP_0": "node1", "SLURM_TASKS_PER_NODE_HET_GROUP_0": "1",
      "SLURM_CPUS_PER_TASK_HET_GROUP_0": "8",
      "SLURM_JOB_NODELIST_HET_GROUP_1": "node[2-3]", "SLURM_TASKS_PER_NODE_HET_GROUP_1": "2,1",
    ])
    #expect(
      allocation.nodes == [
        node("node1", 1, 0, cpus: 8), node("node2", 2, 1, cpus: nil), node("node3", 1, 1, cpus: nil),
      ])
  }

  @Test(arguments: ["SLURM_JOB_ID", "SLURM_JOB_NODELIST"]) func aMissingVariableIsNamed(name: String) {
    let error = #expect(throws: ClusterError.self) {
      _ = try SlurmAllocation(environment: job.filter { $0.key != name })
    }
    #expect(error?.code == .invalidArgument && error?.message.contains(name) == true)
  }

  @Test(arguments: [("2", [2]), ("2(x3),1", [2, 2, 2, 1]), ("1,2,3(x2)", [1, 2, 3, 3])])
  func taskCounts(text: String, counts: [Int]) throws {
    #expect(try SlurmAllocation.counts(text, "X") == counts)
  }

  @Test(arguments: ["", "2(x)", "x", "2(3)", "2,", "2(x3", "-1", "2(x3)(x2)", "2(x99999999999)"])
  func whatIsNoTaskCountIsAnErrorThatNamesTheVariable(text: String) {
    let error = #expect(throws: ClusterError.self) { _ = try SlurmAllocation.counts(text, "SLURM_TASKS_PER_NODE") }
    #expect(error?.message.contains("SLURM_TASKS_PER_NODE") == true)
  }

  @Test func partsOfTheAllocation() throws {
    let allocation = try SlurmAllocation(environment: job)
    #expect(try allocation.part(nodes: nil, perNode: nil, count: 3) == [node("node1", 2), node("node2", 1)])
    #expect(try allocation.part(nodes: ["node3"], perNode: nil, count: nil) == [node("node3", 1)])
    #expect(try allocation.part(nodes: nil, perNode: 1, count: nil).map(\.tasks) == [1, 1, 1])
    let tooMany = #expect(throws: ClusterError.self) {
      _ = try allocation.part(nodes: nil, perNode: nil, count: 6)
    }
    #expect(tooMany?.message.contains("6 tasks") == true && tooMany?.message.contains("has 5") == true)
    let stranger = #expect(throws: ClusterError.self) {
      _ = try allocation.part(nodes: ["node9"], perNode: nil, count: nil)
    }
    #expect(stranger?.message.contains("node9") == true && stranger?.message.contains("node[1-3]") == true)
  }

  @Test(arguments: [
    ("4", 4), ("02:03", 123), ("1:02:03", 3723), ("1-02:03:04", 93_784), ("0:00", 0), ("1-00:00:00\n", 86_400),
  ])
  func times(text: String, seconds: Int) { #expect(SlurmTime.duration(text) == .seconds(seconds)) }

  @Test func theShortestOfTheTimesOfSeveralComponentsCounts() {
    #expect(SlurmTime.shortest("9:58\n9:40\n") == .seconds(580))
    #expect(SlurmTime.shortest("UNLIMITED\n1:00\r\n") == .seconds(60))
    #expect(SlurmTime.shortest("UNLIMITED\n") == nil && SlurmTime.shortest("") == nil)
  }

  @Test func anElementOfAnArrayIsNamedSuchThatNoOtherIsMeant() {
    #expect(SlurmEnvironment.ownJob(job) == "7")
    let element = job.merging(["SLURM_ARRAY_JOB_ID": "5", "SLURM_ARRAY_TASK_ID": "3"]) { $1 }
    #expect(SlurmEnvironment.ownJob(element) == "5_3")
    #expect(SlurmEnvironment.ownJob([:]) == nil && SlurmEnvironment.ownJob(["SLURM_JOB_ID": ""]) == nil)
  }

  @Test(arguments: ["UNLIMITED", "NOT_SET", "INVALID", "", "1:2:3:4", "-1", "1-2-3", ":"])
  func whatIsNoTime(text: String) { #expect(SlurmTime.duration(text) == nil) }
}

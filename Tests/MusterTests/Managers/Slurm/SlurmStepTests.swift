import Testing

@testable import Muster

@Suite struct SlurmStepTests {
  private let nodes = [
    SlurmAllocation.Node(name: "node1", tasks: 2, component: nil),
    SlurmAllocation.Node(name: "node3", tasks: 1, component: nil),
  ]

  private func options(_ words: String..., allocates: Bool = false) throws -> SrunOptions {
    try SrunOptions(words, allocates: allocates)
  }

  @Test func anAgentForEachNodeMayUseAllOfIt() throws {
    let step = SlurmStep(
      unit: .node, place: .nodes(nodes), options: try options("--mem=0"), command: ["prog", "--worker"])
    #expect(step.agents == 2)
    #expect(
      step.arguments == [
        "--input=all", "--wait=0", "--kill-on-bad-exit=0", "--no-kill", "--unbuffered", "--overlap", "--nodes=2",
        "--whole", "--ntasks=2", "--ntasks-per-node=1", "--nodelist=node[1,3]", "--cpu-bind=none", "--mem=0", "prog",
        "--worker",
      ])
  }

  @Test func cpusPerTaskIsAlwaysRestatedWhereSrunBinds() throws {
    var step = SlurmStep(unit: .task, place: .nodes(nodes), options: try options(), command: ["prog"])
    step.cpuBind = "cores"
    #expect(step.agents == 3)
    #expect(step.arguments.contains("--cpus-per-task=1"))
    #expect(step.arguments.contains("--nodelist=node1,node1,node3"))
    #expect(step.arguments.suffix(2) == ["--cpu-bind=cores", "prog"])
    step.cpusPerTask = 4
    #expect(step.arguments.contains("--cpus-per-task=4"))
  }

  @Test func eachComponentHasAStepOfItsOwn() throws {
    let nodes = [
      SlurmAllocation.Node(name: "a", tasks: 1, component: 0), SlurmAllocation.Node(name: "b", tasks: 2, component: 1),
    ]
    let step = SlurmStep(unit: .node, place: .nodes(nodes), options: try options(), command: ["prog"])
    let parts = step.componentSteps.map(\.arguments)
    #expect(step.workers == 3 && parts.count == 2)
    #expect(parts[0].first == "--het-group=0" && parts[0].contains("--nodelist=a") && parts[0].last == "prog")
    #expect(parts[1].first == "--het-group=1" && parts[1].contains("--nodelist=b") && parts[1].last == "prog")
  }

  @Test func eachComponentHasItsOwnCPUsForATask() throws {
    let nodes = [
      SlurmAllocation.Node(name: "a", tasks: 1, component: 0, cpusPerTask: 8),
      SlurmAllocation.Node(name: "b", tasks: 2, component: 1),
    ]
    var step = SlurmStep(unit: .task, place: .nodes(nodes), options: try options(), command: ["prog"])
    let parts = step.componentSteps.map(\.arguments)
    #expect(parts[0].contains("--cpus-per-task=8") && parts[1].contains("--cpus-per-task=1"))
    step.cpusPerTask = 2
    #expect(step.componentSteps.allSatisfy { $0.arguments.contains("--cpus-per-task=2") })
  }

  @Test func srunAllocatesWithTheOptionsOfTheUser() throws {
    let step = SlurmStep(
      unit: .task, place: .newJob(ntasks: 4, nodes: 2, ntasksPerNode: nil), cpusPerTask: 2,
      options: try options("-p", "debug", "--time=5", "-w", "node1", allocates: true), command: ["prog"])
    #expect(step.agents == 4)
    #expect(step.arguments.suffix(6) == ["-p", "debug", "--time=5", "-w", "node1", "prog"])
    #expect(step.arguments.contains("--ntasks=4") && step.arguments.contains("--cpus-per-task=2"))
    #expect(!step.arguments.contains("--overlap"))
  }

  @Test(arguments: [
    ["-p", "debug"], ["-pdebug"], ["--partition=debug"], ["--partition", "debug"], ["--mem=1G", "-v"],
    ["-vp", "debug"],
    ["-o", "out-%t"], ["--hint=nomultithread"], ["-t5", "-J", "name"], ["-x", "n3"], [],
  ])
  func optionsOfTheUserAreHandedOn(words: [String]) throws {
    #expect(try SrunOptions(words, allocates: false).words == words)
  }

  @Test(arguments: [
    (["-n", "4"], "--ntasks"), (["-n4"], "--ntasks"), (["--ntasks=4"], "--ntasks"), (["-vn4"], "--ntasks"),
    (["--ntasks-per-node=2"], "--ntasks-per-node"), (["-N", "2"], "--nodes"), (["-c2"], "--cpus-per-task"),
    (["--cpus-per=2"], "--cpus-per-task"), (["--input=none"], "--input"), (["--export=NONE"], "--export"),
    (["-p", "debug", "-i", "none"], "--input"), (["--overlap"], "--overlap"), (["--pty"], "--pty"),
    (["-D", "/tmp"], "--chdir"), (["--cpu-bind=none"], "--cpu-bind"),
  ])
  func anOptionThatMusterSetsItselfGivenAgainIsAnErrorThatNamesBoth(words: [String], taken: String) {
    for allocates in [false, true] where !(allocates && (taken == "--nodes" || taken == "--ntasks-per-node")) {
      let error = #expect(throws: ClusterError.self) { _ = try SrunOptions(words, allocates: allocates) }
      #expect(error?.code == .invalidArgument)
      #expect(error?.message.contains(taken) == true, "\(error?.message ?? "")")
      let given = words.last { $0.hasPrefix("-") }!
      #expect(error?.message.contains(given) == true, "\(error?.message ?? "")")
    }
  }

  @Test(arguments: [
    (["-o", "f"], true), (["-of"], true), (["-vo", "f"], true), (["--output=f"], true), (["--err=f"], true),
    (["-e", "f"], true), (["-p", "oe"], false), (["-poe"], false), (["--exclude=n1"], false), ([], false),
  ])
  func whetherSrunWritesTheOutputToFilesIsKnown(words: [String], writesFiles: Bool) throws {
    #expect(try SrunOptions(words, allocates: false).writesFiles == writesFiles)
  }

  @Test(arguments: [["hostname"], ["-E", "hostname"], ["--mem=1G", "hostname"], ["-v", "hostname"], ["--"]])
  func whatSrunWouldTakeForTheProgramIsAnError(words: [String]) {
    #expect(throws: ClusterError.self) { _ = try SrunOptions(words, allocates: false) }
  }

  @Test func variablesOfAnOuterStepAreRemoved() {
    let cleaned = SlurmEnvironment.cleaned([
      "PATH": "/bin", "SLURM_CONF": "/etc/slurm.conf", "SLURM_JOB_ID": "7", "SLURM_JOBID": "7",
      "SLURM_JOB_NODELIST": "n[1-2]", "SLURM_ARRAY_TASK_ID": "3", "SLURM_JOB_ID_HET_GROUP_1": "8",
      "SLURM_CPU_BIND": "quiet,mask_cpu:0x1", "SLURM_NTASKS": "4", "SLURM_CPUS_PER_TASK": "2", "SLURM_STEP_ID": "0",
      "SLURM_PROCID": "0", "SLURM_DISTRIBUTION": "block", "SLURM_MEM_PER_CPU": "100", "SLURM_MEM_PER_NODE": "900",
      "SLURM_TASKS_PER_NODE": "2(x2)", "SLURM_EXPORT_ENV": "NONE", "SLURM_TRES_PER_TASK": "cpu:2",
      "SLURM_KILL_BAD_EXIT": "1", "PMIX_RANK": "0", "SRUN_DEBUG": "3", "SLURM_SPANK_SITE": "1",
    ])
    #expect(
      Set(cleaned.keys) == [
        "PATH", "SLURM_CONF", "SLURM_JOB_ID", "SLURM_JOBID", "SLURM_JOB_NODELIST", "SLURM_ARRAY_TASK_ID",
        "SLURM_JOB_ID_HET_GROUP_1", "SLURM_SPANK_SITE",
      ])
  }
}

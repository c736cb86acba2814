import Foundation
import Glibc
import Muster
import Testing

/// The name that a worker's node gives itself.
struct NodeName: RemoteThunk {
  func callAsFunction() -> String {
    (ProcessTable.text(of: "/proc/sys/kernel/hostname") ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
  }
}

extension ClusterTests {
  /// Jobs of a real Slurm.
  @Suite(.slurmLab, .enabled(if: SlurmLab.obstacle == nil, "\(SlurmLab.obstacle ?? "")")) struct Slurm {
    private var lab: SlurmLab { .shared }

    /// Runs a job to its end and returns what it printed.
    private func job(
      _ options: [String], _ arguments: [String], name: String, state: String = "COMPLETED",
      sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
      let job = try lab.submit(options, arguments, output: name, sourceLocation: sourceLocation)
      let end = await lab.waitForEnd(of: job, sourceLocation: sourceLocation)
      await lab.expectNothingLeft(sourceLocation: sourceLocation)
      let text = lab.text(name)
      #expect(end == state, "\(text)", sourceLocation: sourceLocation)
      return text
    }

    // MARK: Inside

    @Test(arguments: [
      (["-N1", "-n2"], "node1 node1"), (["-N3", "-n6"], "node1 node1 node2 node2 node3 node3"),
      (["-N3", "-n5"], "node1 node1 node2 node2 node3"), (["-N2", "-n2", "--exclusive"], "node1 node2"),
      (["-N2", "--ntasks-per-node=1", "-c2"], "node1 node2"),
    ])
    func addprocsStartsOneWorkerForEachTaskOfTheAllocation(shape: [String], nodes: String) async throws {
      let text = try await job(shape, ["slurm", "add", "map 20 1", "remove"], name: "shape")
      let count = nodes.split(separator: " ").count
      let numbers = (2...(count + 1)).map(String.init).joined(separator: " ")
      #expect(text == "workers \(numbers) on \(nodes)\nsum 2470\nremoved 1\n")
    }

    @Test func aSecondAndThirdAddprocsInTheSameAllocation() async throws {
      let text = try await job(
        ["-N2", "-n4"], ["slurm", "part 2", "part 1 node2", "add", "map 20 1", "cpus"], name: "more")
      #expect(text.contains("workers 2 3 on node1 node1\nworkers 4 on node2\nworkers 5 6 7 8 on"), "\(text)")
      #expect(text.contains("sum 2470"))
      // Each on a core of its own, as long as there is one.
      #expect(text.contains("worker 2 may use 0\nworker 3 may use 1\nworker 4 may use 0\n"), "\(text)")
    }

    @Test func srunBindsTheWorkersWhereItIsToDoSo() async throws {
      let text = try await job(["-N2", "-n3"], ["slurm", "bound", "cpus", "map 20 1"], name: "bound")
      #expect(text.hasPrefix("workers 2 3 4 on node1 node1 node2\n"), "\(text)")
      let sets = Set(text.split(separator: "\n").filter { $0.contains("may use") }.map { $0.suffix(1) })
      #expect(sets == ["0", "1"], "\(text)")
    }

    @Test func process1MayReserveACore() async throws {
      let text = try await job(["-N1", "-n2"], ["slurm", "reserve 1", "cpus"], name: "reserve")
      #expect(text.contains("worker 2 may use 1\n"), "\(text)")
    }

    @Test func severalComponents() async throws {
      let script = lab.path("components.sh")
      try
        "#!/bin/bash\n#SBATCH -N1 -n1\n#SBATCH hetjob\n#SBATCH -N2 -n3\nexec \(SlurmLab.program) slurm add 'map 20 1'\n"
        .write(toFile: script, atomically: true, encoding: .utf8)
      let result = SlurmLab.run(["sbatch", "--wait", "-o", lab.path("components"), script], within: 60)
      #expect(result.code == 0, "\(result.errors)")
      #expect(lab.text("components").contains("sum 2470"), "\(lab.text("components"))")
      #expect(
        lab.text("components").hasPrefix("workers 2 3 4 5 on node1 node2 node2 node3"), "\(lab.text("components"))")
      await lab.expectNothingLeft()
    }

    @Test func variablesOfAnOuterStepDoNotCutTheWorkersDown() async throws {
      let result = SlurmLab.run(
        ["salloc", "-N2", "-n4", "srun", "-n1", "-N1", "--overlap", SlurmLab.program, "slurm", "add", "map 20 1"],
        within: 60)
      #expect(result.output == "workers 2 3 4 5 on node1 node1 node2 node2\nsum 2470\n", "\(result.errors)")
      await lab.expectNothingLeft()
    }

    @Test func programsStartedBySrunThemselvesAreProcess1AndItsWorkers() async throws {
      let result = SlurmLab.run(
        ["srun", "-N3", "-n6", "-D", lab.directory + "/jobs", SlurmLab.program, "slurm", "all", "map 20 1"], within: 60)
      #expect(result.code == 0, "\(result.errors)")
      #expect(result.output.hasPrefix("workers 2 3 4 5 6 on "), "\(result.output) \(result.errors)")
      #expect(result.output.hasSuffix("sum 2470\n"))
      let left = try FileManager.default.contentsOfDirectory(atPath: lab.directory + "/jobs")
      #expect(!left.contains { $0.hasPrefix(".muster") })
      await lab.expectNothingLeft()
    }

    // MARK: Outside

    @Test func outsideOfAJobSrunAllocatesAndStarts() async throws {
      try await leavingNothingBehind { () async throws in
        let pids = try await addprocs(SlurmManager(ntasks: 3, srun: ["--partition=debug", "-J", "outside"]))
        #expect(workers() == pids && pids.count == 3)
        for pid in pids { #expect(try await remotecallFetch(NodeName(), on: pid).hasPrefix("node")) }
        #expect(SlurmLab.run(["squeue", "-h", "-o", "%j %T"]).output == "outside RUNNING\n")
        #expect(try await pmap(Square(), 1...50) == (1...50).map { $0 * $0 })
        try await rmprocs(pids)
        #expect(nprocs() == 1 && workers() == [1])
      }
      await lab.expectNothingLeft()
    }

    @Test func outputGoesToTheFilesThatAreGivenToSrun() async throws {
      for name in ["of", "errors"] { try? FileManager.default.removeItem(atPath: lab.path(name)) }
      let result = SlurmLab.run(
        [SlurmLab.program, "slurm", "outside 2 -o \(lab.path("of")) -e \(lab.path("errors"))", "print"], within: 60)
      #expect(result.code == 0, "\(result.errors)")
      func lines(_ name: String) -> [Substring] { lab.text(name).split(separator: "\n").sorted() }
      #expect(lines("of") == ["From worker 2:\tthis is worker 2", "From worker 3:\tthis is worker 3"])
      #expect(lines("errors").filter { $0.hasPrefix("From") }.count == 2, "\(lab.text("errors"))")
      #expect(!(result.output + result.errors).contains("this is"), "\(result.output) \(result.errors)")
      // Of one stream only.
      let half = SlurmLab.run(
        [SlurmLab.program, "slurm", "outside 1 -e \(lab.path("errors"))", "print"], within: 60)
      #expect(half.output.contains("From worker 2:\tthis is worker 2\n"), "\(half.output) \(half.errors)")
      await lab.expectNothingLeft()
    }

    @Test func outsideOfAJobTheMissingVariableIsNamed() {
      let error = #expect(throws: ClusterError.self) { _ = try SlurmManager() }
      #expect(error?.message.contains("SLURM_JOB_ID") == true)
    }

    @Test func theTimeInTheQueueIsNoLaunchTimeAndItsCancellationLeavesNoJob() async throws {
      let blocker = try lab.submit(["-N3", "--exclusive"], ["slurm", "wait"], output: "blocker")
      try await lab.waitForOutput("ready", in: "blocker")
      var options = AddprocsOptions()
      options.timeout = .seconds(1)
      let waiting = Task { [options] in try await addprocs(SlurmManager(ntasks: 2), options: options) }
      await eventually("it waits in the queue") {
        SlurmLab.run(["squeue", "-h", "-t", "PENDING", "-o", "%r"]).output == "Resources\n"
      }
      let launchIsOver = ContinuousClock.now + .seconds(2)
      await eventually("it has waited longer than a launch may take") { ContinuousClock.now > launchIsOver }
      #expect(SlurmLab.run(["squeue", "-h", "-t", "PENDING"]).output != "")
      waiting.cancel()
      await #expect(throws: (any Error).self) { _ = try await waiting.value }
      #expect(SlurmLab.run(["squeue", "-h", "-t", "PENDING"]).output == "")
      // Who waits is told what for; and then it starts.
      let program = try RunningProgram(["slurm", "outside 2", "map 20 1"])
      await eventually("state and reason are shown") { program.errors.contains("waits: PENDING (Resources)") }
      #expect(SlurmLab.run(["scancel", blocker]).code == 0)
      #expect(try await program.waitForExit() == 0, "\(program.errors)")
      #expect(program.output.hasSuffix("sum 2470\n"), "\(program.output)")
      await lab.expectNothingLeft()
      #expect(nprocs() == 1)
    }

    // MARK: Time

    @Test func timeLeftIsThatOfTheAllocation() async throws {
      let text = try await job(["-N1", "-n1", "-t", "7"], ["slurm", "time"], name: "time")
      let seconds = Int(text.split(separator: " ").last?.dropLast() ?? "") ?? 0
      #expect((300...420).contains(seconds), "\(text)")
      #expect(await timeLeft() == nil)
    }

    @Test func timeLeftOfAnElementOfAnArrayIsItsOwn() async throws {
      let array = try lab.submit(["-n1", "-t", "7", "--array=1-2"], ["slurm", "time"], output: "element-%a")
      #expect(await lab.waitForEnd(of: array + "_1") == "COMPLETED")
      #expect(await lab.waitForEnd(of: array + "_2") == "COMPLETED")
      for element in 1...2 {
        let text = lab.text("element-\(element)")
        #expect((300...420).contains(Int(text.split(separator: " ").last?.dropLast() ?? "") ?? 0), "\(text)")
      }
      await lab.expectNothingLeft()
    }

    @Test func aMapEndsBeforeTheAllocationDoes() async throws {
      // Of a minute there are 55 seconds to be left.
      let text = try await job(
        ["-N1", "-n2", "-t", "1"], ["slurm", "add", "part-map 1000 100 55"], name: "stop", state: "FAILED")
      #expect(text.contains("done ") && !text.contains("done 0 ") && !text.contains("left 0\n"), "\(text)")
    }

    @Test func warningsReachTheProgramAsEvents() async throws {
      for (signal, name) in [("USR1", "user1"), ("TERM", "terminate")] {
        let job = try lab.submit(["-N1", "-n1"], ["slurm", "warning"], output: "warning")
        try await lab.waitForOutput("listening", in: "warning")
        #expect(SlurmLab.run(["scancel", "--batch", "--signal=\(signal)", job]).code == 0)
        #expect(await lab.waitForEnd(of: job) == "COMPLETED")
        // Slurm has a line of its own there for TERM.
        let lines = lab.text("warning").split(separator: "\n").filter { !$0.hasPrefix("slurmstepd") }
        #expect(lines == ["listening", "warned: \(name)"])
      }
    }

    @Test func aWarnedMapReturnsWhatIsDoneAndTheRequeuedJobDoesTheRest() async throws {
      let program = ["slurm", "add", "part-map 40 200 10 map.journal"]
      try? FileManager.default.removeItem(atPath: lab.path("map.journal"))
      let first = try lab.submit(["-N2", "-n2"], program, output: "first")
      try await lab.waitForOutput("workers", in: "first")
      await eventually("some is done") {
        ((try? Data(contentsOf: URL(fileURLWithPath: lab.path("map.journal"))))?.count ?? 0) > 300
      }
      #expect(SlurmLab.run(["scancel", "--batch", "--signal=TERM", first]).code == 0)
      // The program exits with 75.
      #expect(await lab.waitForEnd(of: first) == "FAILED")
      let done = lab.text("first").split(separator: " ").compactMap { Int($0) }.dropFirst(2).first ?? 0
      #expect(lab.text("first").contains("done "), "\(lab.text("first"))")
      let second = try lab.submit(["-N2", "-n2"], program, output: "second")
      #expect(await lab.waitForEnd(of: second) == "COMPLETED")
      #expect(lab.text("second").contains("done 40 left 0"), "\(lab.text("second"))")
      #expect(
        lab.text("second").contains("of 40 items are in the journal map.journal"), "\(done): \(lab.text("second"))")
      await lab.expectNothingLeft()
    }

    @Test func aJobThatSlurmRequeuesGoesOnFromItsJournal() async throws {
      try? FileManager.default.removeItem(atPath: lab.path("requeue.journal"))
      let job = try lab.submit(
        ["-N2", "-n2", "--requeue", "--open-mode=append"], ["slurm", "add", "part-map 40 200 5 requeue.journal"],
        output: "requeue")
      try await lab.waitForOutput("workers", in: "requeue")
      await eventually("some is done") {
        ((try? Data(contentsOf: URL(fileURLWithPath: lab.path("requeue.journal"))))?.count ?? 0) > 300
      }
      #expect(SlurmLab.run(["scontrol", "requeue", job]).code == 0)
      await eventually(within: .seconds(30), "it waits for its time") { lab.state(of: job) == "PENDING" }
      // By itself it would start in two minutes. A node refuses a job that is not at least a second younger than its end.
      #expect(SlurmLab.run(["scontrol", "update", "JobId=\(job)", "StartTime=now+3"]).code == 0)
      #expect(await lab.waitForEnd(of: job) == "COMPLETED")
      let text = lab.text("requeue")
      #expect(text.contains("of 40 items are in the journal requeue.journal"), "\(text)")
      #expect(text.hasSuffix("done 40 left 0\n"), "\(text)")
      await lab.expectNothingLeft()
    }

    // MARK: Clean ends

    @Test(arguments: ["INT", "KILL", "scancel"]) func nothingStaysOnAnyNode(end: String) async throws {
      let job = try lab.submit(["-N3", "-n6"], ["slurm", "add", "wait"], output: "ends")
      try await lab.waitForOutput("ready", in: "ends")
      for node in ["node1", "node2", "node3"] { #expect(!lab.workers(on: node).isEmpty) }
      if end == "scancel" {
        #expect(SlurmLab.run(["scancel", job]).code == 0)
      } else {
        let process1 = ProcessTable.all.filter { pid in
          let line = ProcessTable.commandLine(of: pid)
          return line.first == SlurmLab.program && line.dropFirst().first == "slurm"
        }
        #expect(process1.count == 1)
        for pid in process1 { kill(pid, end == "INT" ? SIGINT : SIGKILL) }
      }
      _ = await lab.waitForEnd(of: job)
      await lab.expectNothingLeft()
    }

    // MARK: Faults

    @Test func aNodeThatCrashesInTheMiddleOfAMap() async throws {
      let job = try lab.submit(
        ["-N3", "-n3", "--no-kill"], ["slurm", "add", "retry 60 100"], output: "crash")
      try await lab.waitForOutput("workers", in: "crash")
      lab.node("node3", "crash")
      try await lab.waitForOutput("sum 70210 with 2", in: "crash")
      let text = lab.text("crash")
      #expect(text.contains("worker 4 was lost"), "\(text)")
      lab.node("node3", "start")
      _ = await lab.waitForEnd(of: job)
      await lab.waitUntilIdle()
      await lab.expectNothingLeft()
    }

    @Test func aNetworkThatIsCutInTheMiddleOfAMap() async throws {
      let job = try lab.submit(
        ["-N2", "-n2", "-w", "node1,node2", "--no-kill"], ["slurm", "heartbeat 2", "retry 60 100"], output: "cut")
      try await lab.waitForOutput("workers", in: "cut")
      lab.node("node2", "cut")
      defer { lab.node("node2", "join") }
      try await lab.waitForOutput("sum 70210 with 1", in: "cut")
      // What is left on the node ends by itself: its agent hears nothing of process 1.
      await eventually("the cut node is clean") { lab.workers(on: "node2").isEmpty }
      lab.node("node2", "join")
      #expect(SlurmLab.run(["scancel", job]).code == 0)
      await lab.waitUntilIdle()
      await lab.expectNothingLeft()
    }

    @Test func slurmdMayBeRestarted() async throws {
      let job = try lab.submit(["-N2", "-n2"], ["slurm", "add", "map 30 100"], output: "restart")
      try await lab.waitForOutput("workers", in: "restart")
      lab.node("node2", "stop")
      lab.node("node2", "start")
      #expect(await lab.waitForEnd(of: job) == "COMPLETED")
      #expect(lab.text("restart").contains("sum 8555"))
      await lab.expectNothingLeft()
    }

    @Test(arguments: [("low", true), ("rude", false)]) func preemption(partition: String, hasGrace: Bool) async throws {
      let low = try lab.submit(
        ["-p", partition, "-N3", "--exclusive"], ["slurm", "add", "part-map 400 200 5"], output: "low")
      try await lab.waitForOutput("workers", in: "low")
      let high = try lab.submit(["-p", "high", "-N3", "--exclusive"], ["slurm", "time"], output: "high")
      #expect(await lab.waitForEnd(of: high) == "COMPLETED")
      let state = await lab.waitForEnd(of: low)
      #expect(["PREEMPTED", "FAILED", "CANCELLED"].contains(state), "\(state)")
      if hasGrace { #expect(lab.text("low").contains("done "), "\(lab.text("low"))") }
      await lab.expectNothingLeft()
    }

    @Test func aWorkerThatIsKilledIsExplained() async throws {
      let job = try lab.submit(["-N2", "-n2"], ["slurm", "add", "wait-for-loss 1"], output: "killed")
      try await lab.waitForOutput("ready", in: "killed")
      #expect(SlurmLab.run(["scancel", "\(job).0"]).code == 0)
      try await lab.waitForOutput("lost:", in: "killed")
      // That is srun's word alone, as the job goes on.
      #expect(lab.text("killed").contains("the job or step was cancelled"), "\(lab.text("killed"))")
      _ = await lab.waitForEnd(of: job)
      await lab.expectNothingLeft()
    }

    /// Expects that a worker in a job of its own is lost, and why.
    ///
    /// - Parameters:
    ///   - act: what is done to the job of this number.
    ///   - words: of the explanation.
    private func expectLoss(
      _ name: String, _ options: [String], _ words: String, sourceLocation: SourceLocation = #_sourceLocation,
      _ act: @escaping @Sendable (_ job: String) -> SlurmLab.Outcome
    ) async throws {
      let pid = try await addprocs(SlurmManager(ntasks: 1, srun: ["-J", name] + options))[0]
      let job = SlurmLab.run(["squeue", "-h", "-n", name, "-o", "%i"]).output.trimmingCharacters(in: .newlines)
      let error = try await within(.seconds(90), "the loss of \(name)") {
        async let error = thrown(ProcessExitedError.self) { try await remotecallFetch(Nap(.seconds(600)), on: pid) }
        let outcome = act(job)
        #expect(outcome.code == 0, "\(outcome.errors)", sourceLocation: sourceLocation)
        return await error
      }
      let reason = error?.reason ?? ""
      #expect(reason.contains(words), "\(reason)", sourceLocation: sourceLocation)
    }

    @Test func whatSlurmHasDoneToAJobIsSaid() async throws {
      try await leavingNothingBehind { () async throws in
        // The controller looks at the limits twice a minute: others are lost meanwhile.
        async let late: Void = expectLoss("late", ["-w", "node1"], "the job's time limit was reached") {
          SlurmLab.run(["scontrol", "update", "JobId=\($0)", "EndTime=now+2"])
        }
        try await expectLoss("job", ["-w", "node2"], "the job or step was cancelled") {
          SlurmLab.run(["scancel", $0])
        }
        try await expectLoss("step", ["-w", "node2"], "the job or step was cancelled") {
          SlurmLab.run(["scancel", "\($0).0"])
        }
        try await expectLoss("preempted", ["-w", "node3", "--exclusive", "-p", "rude"], "the job was preempted") { _ in
          SlurmLab.run(["srun", "-p", "high", "-w", "node3", "true"], within: 60)
        }
        try await expectLoss("failed", ["-w", "node2"], "node node2 failed") { _ in
          SlurmLab.run(["scontrol", "update", "NodeName=node2", "State=DOWN", "Reason=fan"])
        }
        try await late
      }
      // Unless it has come back by itself.
      SlurmLab.run(["scontrol", "update", "NodeName=node2", "State=RESUME"])
      await lab.waitUntilIdle()
      await lab.expectNothingLeft()
    }

    @Test func aWorkerThatUsesTooMuchMemoryIsExplained() async throws {
      let job = try lab.submit(
        ["-N1", "-n1", "--mem=300M", "--acctg-freq=task=1"], ["slurm", "add", "memory"], output: "memory")
      try await lab.waitForOutput("lost:", in: "memory")
      #expect(lab.text("memory").contains("out of memory"), "\(lab.text("memory"))")
      SlurmLab.run(["scancel", "--quiet", job])
      await lab.expectNothingLeft()
    }

    @Test(arguments: [
      ("exit 1", "srun exited with status 1"), ("echo 'srun: error: no way' >&2; exit 3", "srun: error: no way"),
      ("exec sleep 15", "within 2.0 seconds"), ("", "cannot start"),
    ])
    func anSrunThatFailsOrNeverStartsTheTasks(script: String, message: String) async throws {
      let directory = lab.path("fake")
      try? FileManager.default.removeItem(atPath: directory)
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      if !script.isEmpty {
        try "#!/bin/bash\n\(script)\n".write(toFile: directory + "/srun", atomically: true, encoding: .utf8)
        chmod(directory + "/srun", 0o755)
      }
      let path = script.isEmpty ? directory : "\(directory):/usr/bin:/bin"
      let result = SlurmLab.run(
        ["salloc", "-N2", "-n3", "/usr/bin/env", "PATH=\(path)", SlurmLab.program, "slurm", "timeout 2"], within: 60)
      #expect(result.output.contains("failed: "), "\(result.output) \(result.errors)")
      #expect(result.output.contains(message) || script.isEmpty, "\(result.output)")
      if script.hasPrefix("exec") { #expect(result.output.contains("node1, node2"), "\(result.output)") }
      await lab.expectNothingLeft()
    }

    @Test func anOptionThatMusterSetsItselfIsAnErrorInAJob() async throws {
      let text = try await job(["-N1", "-n1"], ["slurm", "options --ntasks=4"], name: "conflict", state: "FAILED")
      #expect(text.contains("--ntasks=4") && text.contains("SlurmManager's ntasks"), "\(text)")
    }

    // MARK: Job scripts

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../..").standardized.path

    private static let example = URL(fileURLWithPath: RunningProgram.path).deletingLastPathComponent()
      .appendingPathComponent("BatchJob").path

    @Test func theJobScriptForSlurm() async throws {
      let result = SlurmLab.run(
        [
          "sbatch", "--wait", "-D", lab.directory + "/jobs", "-o", lab.path("script"),
          Self.root + "/jobscripts/slurm.sbatch",
        ],
        environment: ["PROGRAM": Self.example], within: 60)
      #expect(result.code == 0, "\(result.errors)")
      #expect(lab.text("script").hasPrefix("4 workers\n100 of 100 done, π ≈ 3.14"), "\(lab.text("script"))")
      await lab.expectNothingLeft()
    }

    #if MPI
      @Test func theJobScriptForMPI() async throws {
        try """
        lattice = 32
        temperatures = 2.0 3.0
        seeds = 1 2
        thermalisation = 200
        measurements = 400
        bins = 20

        """.write(toFile: lab.path("ising.txt"), atomically: true, encoding: .utf8)
        let folder = URL(fileURLWithPath: RunningProgram.path).deletingLastPathComponent()
        let result = SlurmLab.run(
          [
            "sbatch", "--wait", "-D", lab.directory + "/jobs", "-o", lab.path("mpi"),
            Self.root + "/jobscripts/slurm-mpi.sbatch", "--mpi", "mpi", lab.path("ising.txt"), "--no-comparison",
          ],
          environment: ["PROGRAM": folder.appendingPathComponent("ising").path], within: 90)
        #expect(result.code == 0, "\(result.errors)")
        #expect(lab.text("mpi").contains("MPIManager(4 ranks, mpiTransportAll)"), "\(lab.text("mpi"))")
        #expect(lab.text("mpi").contains("4 runs on 3 workers"), "\(lab.text("mpi"))")
        await lab.expectNothingLeft()
      }
    #endif

    @Test func theJobScriptForArraysGoesOnWhereItStopped() async throws {
      let script = ["sbatch", "--wait", "-D", lab.directory + "/jobs"]
      let path = Self.root + "/jobscripts/slurm-array.sbatch"
      let first = SlurmLab.run(script + [path], environment: ["PROGRAM": Self.example], within: 60)
      #expect(first.code == 0, "\(first.errors)")
      for part in 1...3 { #expect(lab.text("muster-array-\(part).out").contains("100 of 100 done, π ≈ 3.1")) }
      // A journal that was cut in the middle of a record.
      let journal = URL(fileURLWithPath: lab.path("batch-job-2.journal"))
      try Data(contentsOf: journal).prefix(2000).write(to: journal)
      let second = SlurmLab.run(script + ["--array=2", path], environment: ["PROGRAM": Self.example], within: 60)
      #expect(second.code == 0, "\(second.errors)")
      #expect(
        lab.text("muster-array-2.out").contains("of 100 items are in the journal"), "\(lab.text("muster-array-2.out"))")
      await lab.expectNothingLeft()
    }

    @Test func theScriptForAnInteractiveAllocation() async throws {
      let result = SlurmLab.run(
        [Self.root + "/jobscripts/interactive.sh", "-N2", "-n4", "--", SlurmLab.program, "slurm", "add", "map 20 1"],
        within: 60)
      #expect(result.output == "workers 2 3 4 5 on node1 node1 node2 node2\nsum 2470\n", "\(result.errors)")
      await lab.expectNothingLeft()
    }
  }
}

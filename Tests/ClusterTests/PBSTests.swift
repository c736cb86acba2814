import Foundation
import Glibc
import Muster
import Testing

/// The directory that a worker is in, its umask, and variables of its environment.
struct PBSSurroundings: RemoteFunction {
  func callAsFunction(_ names: [String]) -> [String] {
    let mask = umask(0)
    umask(mask)
    return [FileManager.default.currentDirectoryPath, String(mask, radix: 8)]
      + names.map { getenv($0).map { String(cString: $0) } ?? "" }
  }
}

extension ClusterTests {
  /// Against the stand-in for OpenPBS that really runs the jobs.
  @Suite struct PBS {
    @Test(arguments: [PBSStarter.pbsTmrsh, .pbsdsh])
    func `inside a job each line of the node file is a worker`(starter: PBSStarter) async throws {
      try await withPBS { lab in
        try lab.enterJob(["n1", "n2", "n2", "n3"])
        lab.set("MUSTER_PBS_TEST", "it's exported")
        let pids = try await addprocs(PBSManager(starter: starter))
        #expect(pids.count == 4 && workers() == pids)
        #expect(lab.nodesWithTasks == ["n1", "n2", "n3"])
        for pid in pids {
          let found = try await remotecallFetch(PBSSurroundings(), on: pid, ["MUSTER_PBS_TEST", "PBS_JOBID"])
          #expect(found[2...] == ["it's exported", "99.head"])
          #expect(found[0] == FileManager.default.currentDirectoryPath)
        }
        #expect(lab.secrets.isEmpty)
        try await rmprocs(pids)
      }
    }

    @Test func `the first starter that works is taken`() async throws {
      try await withPBS { lab in
        try lab.enterJob(["n1", "n2"])
        try lab.replace(command: "pbs_tmrsh", with: "echo no such thing here >&2; exit 1")
        let pids = try await addprocs(PBSManager())
        #expect(pids.count == 2)
        try await rmprocs(pids)
      }
    }

    @Test func `a starter whose task fails is not waited for, though it says that all is well`() async throws {
      try await withPBS { lab in
        try lab.enterJob(["n1", "n2"])
        var options = AddprocsOptions()
        options.exename = "/nonexistent/program"
        let error = await thrown(ClusterError.self) {
          try await addprocs(PBSManager(starter: .pbsdsh), options: options)
        }
        #expect(error?.code == .launchFailed)
        #expect(
          error?.message.contains("pbsdsh on n[1-2]") == true && error?.message.contains("exit status 127") == true)
      }
    }

    @Test func `a starter that hangs leaves others their part of the time`() async throws {
      try await withPBS { lab in
        try lab.enterJob(["n1", "n2"])
        try lab.replace(command: "pbs_tmrsh", with: "exec sleep 600")
        var options = AddprocsOptions()
        options.timeout = .seconds(24)
        let pids = try await addprocs(PBSManager(), options: options)
        #expect(pids.count == 2)
        try await rmprocs(pids)
      }
    }

    @Test func `the commands are found where PBS says that it is`() async throws {
      try await withPBS { lab in
        // All that there is, but the commands of a batch system.
        let tools = lab.directory + "/tools"
        #expect(
          shell("mkdir '\(tools)' && ln -s /usr/bin/* '\(tools)' && rm -f '\(tools)'/q* '\(tools)'/pbs*").code == 0)
        lab.set("PBS_EXEC", lab.directory)
        lab.set("PATH", tools)
        let pids = try await addprocs(PBSManager(np: 1))
        try await rmprocs(pids)
        await eventually("the job is over") { lab.jobs == ["F"] }
      }
    }

    @Test func `outside of any job the error says what to do`() async throws {
      let error = await thrown(ClusterError.self) { try await addprocs(PBSManager()) }
      #expect(error?.code == .invalidArgument && error?.message.contains("PBS_JOBID is not set") == true)
      #expect(error?.message.contains("PBSManager(np: 4)") == true)
    }

    @Test func `a job starts in the home directory, but workers where it was submitted`() async throws {
      try await withPBS { lab in
        try lab.enterJob(["n1"])
        let here = FileManager.default.currentDirectoryPath
        defer { chdir(here) }
        let submitted = lab.directory + "/run"
        try FileManager.default.createDirectory(atPath: submitted, withIntermediateDirectories: true)
        lab.set("PBS_O_WORKDIR", submitted)
        chdir(lab.directory)
        // What getcwd says of it: the temporary directory may be behind a link.
        lab.set("HOME", FileManager.default.currentDirectoryPath)
        let pids = try await addprocs(PBSManager())
        let found = try await remotecallFetch(PBSSurroundings(), on: pids[0], [])
        #expect(found[0].hasSuffix("/run"))
        try await rmprocs(pids)
      }
    }

    @Test(arguments: [1, 3]) func `workers are the elements of an array of a job of their own`(count: Int) async throws
    {
      try await withPBS { lab in
        let pids = try await addprocs(PBSManager(np: count))
        #expect(pids.count == count && lab.jobs.count == 1 && lab.secrets.isEmpty)
        #expect(try await pmap(Square(), 1...10) == (1...10).map { $0 * $0 })
        try await rmprocs(pids)
        await eventually("the job is over") { lab.jobs == ["F"] }
      }
    }

    @Test func `each launch of a manager has a job of its own`() async throws {
      try await withPBS { lab in
        let manager = PBSManager(np: 1)
        let first = try await addprocs(manager)
        let second = try await addprocs(manager)
        #expect(lab.jobs == ["R", "R"])
        try await rmprocs(first)
        await eventually("the first job is over") { lab.jobs[0] == "F" }
        #expect(lab.jobs[1] == "R")
        #expect(try await remotecallFetch(Square(), on: second[0], 7) == 49)
        try lab.replace(
          command: "qsub", with: "if [ \"$1\" = --version ]; then echo pbs_version = 23.06.06; else exit 188; fi")
        let error = await thrown(ClusterError.self) { try await addprocs(manager) }
        #expect(error?.message.contains("more than the limits of the queue allow") == true)
        #expect(try await remotecallFetch(Square(), on: second[0], 7) == 49)
        #expect(lab.jobs[1] == "R")
        try await rmprocs(second)
      }
    }

    /// However a process ends: by itself, by the terminal, by the batch system, by the kernel.
    @Test(arguments: [SIGTERM, SIGKILL])
    func `with process 1 its waiting job goes, and the files with the secret`(signal: Int32) async throws {
      try await withPBS { lab in
        try lab.set(switch: "hold")
        let program = try RunningProgram(["pbs", "2"], environment: ["PATH": lab.path, "HOME": lab.directory])
        await eventually("the job waits") { lab.jobs == ["Q"] }
        #expect(lab.secrets.count == 1)
        kill(program.pid, signal)
        await eventually("the job is over") { lab.jobs == ["F"] }
        await eventually("the files are gone") { lab.secrets.isEmpty }
        await program.expectNothingLeft(within: .seconds(20))
      }
    }

    @Test func `with process 1 its running job goes`() async throws {
      try await withPBS { lab in
        let program = try RunningProgram(["pbs", "2"], environment: ["PATH": lab.path, "HOME": lab.directory])
        try await program.waitForOutput("ready")
        kill(program.pid, SIGKILL)
        await eventually("the job is over") { lab.jobs == ["F"] }
        await program.expectNothingLeft(within: .seconds(20))
      }
    }

    @Test func `an addprocs that is cancelled while its job waits deletes the job`() async throws {
      try await withPBS { lab in
        try lab.set(switch: "hold")
        let adding = Task { try await addprocs(PBSManager(np: 2)) }
        await eventually("the job waits") { lab.jobs == ["Q"] }
        adding.cancel()
        await thrown(CancellationError.self) { try await adding.value }
        await eventually("the job is over") { lab.jobs == ["F"] }
      }
    }

    @Test func `chunks are one job, whose hosts get as many workers as they have chunks`() async throws {
      try await withPBS { lab in
        var pbs = PBSOptions()
        pbs.shape = .chunks
        pbs.cpusPerWorker = 2
        let pids = try await addprocs(PBSManager(np: 3, pbs))
        #expect(pids.count == 3)
        try await rmprocs(pids)
        await eventually("the job is over") { lab.jobs == ["F"] }
      }
    }

    @Test func `a job that can never run is an error, and is deleted`() async throws {
      try await withPBS { lab in
        var pbs = PBSOptions()
        pbs.cpusPerWorker = 100
        let error = await thrown(ClusterError.self) { try await addprocs(PBSManager(np: 2, pbs)) }
        #expect(error?.message.contains("can never run") == true, "\(error as Any)")
        #expect(error?.message.contains("Insufficient amount of resource: ncpus (R: 100") == true)
        await eventually("the job is over") { lab.jobs == ["F"] }
      }
    }

    @Test func `what qsub refuses is an error with its words`() async throws {
      try await withPBS { lab in
        var pbs = PBSOptions()
        pbs.queue = "nope"
        let queue = await thrown(ClusterError.self) { try await addprocs(PBSManager(np: 2, pbs)) }
        #expect(queue?.message.contains("170, which means no such queue: qsub: Unknown queue") == true)
        pbs.queue = nil
        pbs.qsubflags = ["-l", "gadgets=3"]
        let resource = await thrown(ClusterError.self) { try await addprocs(PBSManager(np: 2, pbs)) }
        #expect(resource?.message.contains("Unknown resource: gadgets") == true)
        try lab.set(switch: "no-root")
        let root = await thrown(ClusterError.self) { try await addprocs(PBSManager(np: 2)) }
        if getuid() == 0 { #expect(root?.message.contains("root never may") == true) }
        try lab.set(switch: "server-down")
        let down = await thrown(ClusterError.self) { try await addprocs(PBSManager(np: 2)) }
        #expect(down?.message.contains("162, which means the server does not answer") == true)
        lab.clear(switch: "server-down")
      }
    }

    @Test func `what an element of an array waits in the queue is no time of the launch`() async throws {
      try await withPBS { lab in
        try lab.set(switch: "hold-from", "3")
        var options = AddprocsOptions()
        options.timeout = .seconds(5)
        async let joined = addprocs(PBSManager(np: 3), options: options)
        await eventually("two elements run") { lab.jobs == ["B"] }
        let launchIsOver = ContinuousClock.now + .seconds(7)
        await eventually("it has waited longer than a launch may take") { ContinuousClock.now > launchIsOver }
        #expect(lab.jobs == ["B"])
        lab.clear(switch: "hold-from")
        let pids = try await joined
        #expect(pids.count == 3)
        try await rmprocs(pids)
      }
    }

    @Test func `a job that runs without calling back is an error that says how it is, and is deleted`() async throws {
      try await withPBS { lab in
        try lab.set(switch: "grace", "1")
        var options = AddprocsOptions()
        options.timeout = .seconds(3)
        options.exename = "\(lab.directory)/mute"
        try lab.write("#!/bin/sh\necho I know of nothing\nexec sleep 30\n", to: options.exename!)
        let error = await thrown(ClusterError.self) { [options] in
          try await addprocs(PBSManager(np: 2), options: options)
        }
        #expect(error?.message.contains("options.timeout): it is running (Job run at") == true, "\(error as Any)")
        #expect(error?.message.contains("\n    | I know of nothing") == true, "\(error as Any)")
        await eventually("the job is over") { lab.jobs == ["F"] }
      }
    }

    @Test func `an element of an array that ends without a worker is noticed at once`() async throws {
      try await withPBS { lab in
        // A library is missing on one node.
        var options = AddprocsOptions()
        options.exename = "\(lab.directory)/partial"
        let runner = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
        try lab.write(
          "#!/bin/sh\n[ $PBS_MUSTER_NODE != 2 ] || { echo no library; exit 3; }\nexec '\(runner)' \"$@\"\n",
          to: options.exename!)
        let error = try await within(.seconds(40), "addprocs") { [options] in
          await thrown(ClusterError.self) { try await addprocs(PBSManager(np: 3), options: options) }
        }
        #expect(error?.message.contains("1 of the 3 elements of job 1[].head have ended") == true, "\(error as Any)")
        #expect(error?.message.contains("(2: exit status 3)\n    | no library") == true, "\(error as Any)")
        options.atLeast = 2
        let pids = try await within(.seconds(40), "addprocs") { [options] in
          try await addprocs(PBSManager(np: 3), options: options)
        }
        #expect(pids.count == 2)
        try await rmprocs(pids)
        // Where PBS itself cannot start it, only PBS knows.
        try lab.set(switch: "broken", "1")
        let broken = try await within(.seconds(40), "addprocs") {
          await thrown(ClusterError.self) { try await addprocs(PBSManager(np: 2)) }
        }
        #expect(broken?.message.contains("1 of the 2 elements of job 3[].head have ended") == true, "\(broken as Any)")
      }
    }

    @Test func `who waits is told what for`() async throws {
      try await withPBS { lab in
        try lab.set(switch: "hold")
        let program = try RunningProgram(["pbs", "2"])
        await eventually("state and comment are shown") {
          program.errors.contains("PBS job 1[].head: queued (Not Running: Insufficient amount of resource: ncpus)")
        }
        kill(program.pid, SIGTERM)
        await eventually("the job is deleted") { lab.jobs == ["F"] }
        await program.expectNothingLeft(within: .seconds(20))
      }
    }

    @Test func `in a job no secret is left either if process 1 is killed during the launch`() async throws {
      try await withPBS { lab in
        try lab.enterJob(["n1", "n2"])
        // As long as the script is there which it should start.
        try lab.replace(command: "pbs_tmrsh", with: "while [ -e \"$3\" ]; do sleep 0.1; done")
        let program = try RunningProgram(["pbs"])
        await eventually("it starts them") { lab.secrets.count == 1 && program.workers.count >= 2 }
        kill(program.pid, SIGKILL)
        await eventually("the secret is gone") { lab.secrets.isEmpty }
        await program.expectNothingLeft(within: .seconds(15))
      }
    }

    @Test func `a job that somebody else deletes while it waits is an error at once`() async throws {
      try await withPBS { lab in
        try lab.set(switch: "hold")
        async let error = thrown(ClusterError.self) { try await addprocs(PBSManager(np: 2)) }
        await eventually("the job waits") { lab.jobs == ["Q"] }
        #expect(shell("'\(lab.directory)/bin/qdel' 1").code == 0)
        let found = await error
        #expect(found?.message.contains("has been deleted") == true, "\(found as Any)")
      }
    }

    @Test func `a job that somebody else deletes while it runs loses its workers, and nothing is left`() async throws {
      try await withPBS { lab in
        try lab.set(switch: "grace", "1")
        let pids = try await addprocs(PBSManager(np: 2))
        let processes = [try await osPID(of: pids[0]), try await osPID(of: pids[1])]
        async let answer = thrown(ProcessExitedError.self) { try await remotecallFetch(Nap(.seconds(60)), on: pids[1]) }
        #expect(shell("'\(lab.directory)/bin/qdel' 1").code == 0)
        let error = await answer
        #expect(error?.pid == pids[1])
        await eventually("no worker is left") { workers() == [1] && !processes.contains(where: ProcessTable.isAlive) }
      }
    }

    @Test func `when the time of the job is over its workers are lost with the reason`() async throws {
      try await withPBS { lab in
        var pbs = PBSOptions()
        pbs.walltime = .seconds(3)
        let pids = try await addprocs(PBSManager(np: 1, pbs))
        let error = await thrown(ProcessExitedError.self) { try await remotecallFetch(Nap(.seconds(60)), on: pids[0]) }
        #expect(error?.pid == pids[0])
        await eventually("the job is over") { lab.jobs == ["F"] }
      }
    }

    @Test func `a node that is lost takes only its own workers with it`() async throws {
      try await withPBS { lab in
        try lab.enterJob(["n1", "n2"])
        let pids = try await addprocs(PBSManager())
        let process = try await osPID(of: pids[0])
        let agent = try #require(ProcessTable.status(of: process)?.parent)
        async let answer = thrown(ProcessExitedError.self) { try await remotecallFetch(Nap(.seconds(60)), on: pids[0]) }
        kill(agent, SIGKILL)
        let error = await answer
        #expect(error?.pid == pids[0])
        await eventually("one worker is left") { workers() == [pids[1]] }
        #expect(try await remotecallFetch(Square(), on: pids[1], 7) == 49)
        try await rmprocs(pids[1])
      }
    }

    @Test func `with atLeast the workers that can be there are enough`() async throws {
      try await withPBS { lab in
        try lab.enterJob(["n1", "n1", "elsewhere"])
        // The stand-in's remote shell does not know a host that is down.
        try lab.replace(
          command: "pbsdsh", with: "[ \"$2\" = 2 ] || exec \(lab.directory)/bin/pbs_tmrsh n1 \"$4\" \"$5\" \"$6\"")
        var options = AddprocsOptions()
        options.atLeast = 2
        let pids = try await addprocs(PBSManager(starter: .pbsdsh), options: options)
        #expect(pids.count == 2)
        try await rmprocs(pids)
      }
    }
  }
}

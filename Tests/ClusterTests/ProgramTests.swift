import Foundation
import Glibc
import Testing

extension ClusterTests {
  /// Programs that are process 1 themselves.
  @Suite struct Programs {
    private func checkNoSocketDirectories(
      since before: Set<String>, sourceLocation: SourceLocation = #_sourceLocation
    ) async {
      await eventually("nothing new is left in /tmp", sourceLocation: sourceLocation) {
        ProcessTable.abandonedSocketDirectories.subtracting(before).isEmpty
      }
    }

    @Test func aScriptThatAddsAWorkerAndEndsExitsWith0() async throws {
      let before = ProcessTable.socketDirectories
      let result = try await RunningProgram.run(["return"])
      #expect(result.code == 0)
      #expect(result.output == "result 42\n")
      #expect(result.errors == "")
      await checkNoSocketDirectories(since: before)
    }

    @Test(arguments: [0, 7]) func exitInTheMiddleTakesTheWorkersAlong(code: Int32) async throws {
      let before = ProcessTable.socketDirectories
      let result = try await RunningProgram.run(["exit", "\(code)"])
      #expect(result.code == code)
      #expect(result.output.hasPrefix("ready "))
      #expect(result.errors == "")
      await checkNoSocketDirectories(since: before)
    }

    @Test func anErrorThatRunThrowsIsPrintedAndTheExitCodeIs1() async throws {
      let before = ProcessTable.socketDirectories
      let result = try await RunningProgram.run(["throw"])
      #expect(result.code == 1)
      #expect(result.errors == "the program has a complaint\n")
      await checkNoSocketDirectories(since: before)
    }

    @Test func procsOnTheCommandLineStartsWorkersAndIsHiddenFromTheProgram() async throws {
      for arguments in [
        ["--procs", "3", "arguments", "a", "--procs", "9"], ["--procs=3", "arguments", "a", "--procs", "9"],
      ] {
        let result = try await RunningProgram.run(arguments)
        #expect(result.code == 0, "\(result.errors)")
        #expect(result.output == #"nprocs 4 arguments ["arguments", "a", "--procs", "9"]"# + "\n")
      }
      let automatic = try await RunningProgram.run(["--procs", "auto", "arguments"])
      #expect(
        automatic.output.hasPrefix("nprocs \(1 + ProcessInfo.processInfo.activeProcessorCount) "), "\(automatic.output)"
      )
    }

    @Test(arguments: [["--procs"], ["--procs", "0"], ["--procs", "many"], ["--procs=-2"], ["--procs="]])
    func wrongProcsOnTheCommandLine(arguments: [String]) async throws {
      let result = try await RunningProgram.run(arguments + (arguments == ["--procs"] ? [] : ["arguments"]))
      #expect(result.code == 1)
      #expect(result.errors.contains("--procs"), "\(result.errors)")
      #expect(result.output == "")
    }

    @Test func aProgramThatForgetsToBecomeAWorkerIsToldSo() async throws {
      let result = try await RunningProgram.run([], environment: ["CLUSTER_PROGRAM_FORGETS": "1"])
      #expect(result.code == 3)
      #expect(result.output.contains("becomeWorkerIfLaunchedAsOne"), "\(result.output) \(result.errors)")
      #expect(result.output.contains("0 of 1 workers joined"), "\(result.output)")
    }

    @Test func aProgramStartedAsAWorkerByHandSaysWhatIsWrong() async throws {
      let result = try await RunningProgram.run(["--worker"])
      #expect(result.code == 1)
      #expect(
        result.errors.contains("no invitation") || result.errors.contains("holds no invitation"), "\(result.errors)")
    }

    // MARK: The death of process 1

    @Test(arguments: ["idle", "calls", "busy", "storm"]) func workersEndWhenProcess1IsKilled(scenario: String)
      async throws
    {
      let before = ProcessTable.socketDirectories
      let program = try RunningProgram([scenario])
      try await program.waitForOutput(scenario == "busy" ? "computing" : "ready")
      #expect(program.workers.count >= 2)
      kill(program.pid, SIGKILL)
      #expect(try await program.waitForExit() == -SIGKILL)
      await program.expectNothingLeft()
      try await expectNextClusterCleansUp(since: before)
    }

    /// Nobody is left to remove the directory of the sockets when everybody was killed: the next cluster does.
    private func expectNextClusterCleansUp(since before: Set<String>) async throws {
      let next = try await RunningProgram.run(["remove"])
      #expect(next.code == 0)
      await checkNoSocketDirectories(since: before)
    }

    @Test func stoppedWorkersEndWhenProcess1IsKilled() async throws {
      let program = try RunningProgram(["idle", "2"])
      try await program.waitForOutput("ready")
      for worker in program.workers { kill(worker, SIGSTOP) }
      kill(program.pid, SIGKILL)
      #expect(try await program.waitForExit() == -SIGKILL)
      await program.expectNothingLeft()
    }

    @Test func workersEndWhenProcess1Crashes() async throws {
      let before = ProcessTable.socketDirectories
      let result = try await RunningProgram.run(["crash"], environment: ["SWIFT_BACKTRACE": "enable=no"])
      #expect(result.code == -SIGABRT)
      try await expectNextClusterCleansUp(since: before)
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP], ["idle", "busy", "storm"])
    func aSignalThatEndsProcess1EndsEverything(signal: Int32, scenario: String) async throws {
      let before = ProcessTable.socketDirectories
      let program = try RunningProgram([scenario])
      try await program.waitForOutput(scenario == "busy" ? "computing" : "ready")
      #expect(program.workers.count >= 2)
      // As the terminal sends it: to the whole group.
      kill(-program.pid, signal)
      let code = try await program.waitForExit(within: .seconds(20))
      #expect(code == -signal || code == 128 + signal, "\(code)")
      await program.expectNothingLeft()
      await checkNoSocketDirectories(since: before)
      // Nobody pressed Ctrl-C to read about lost workers.
      #expect(!program.errors.contains("was lost"), "\(program.errors)")
    }

    // MARK: Removing

    @Test func cooperativeWorkersAreRemovedWithoutAWord() async throws {
      let result = try await RunningProgram.run(["remove"])
      #expect(result.code == 0)
      #expect(result.output == "left [1]\n")
      #expect(result.errors == "")
    }

    @Test func workersThatIgnoreTheirExitAreEscalated() async throws {
      let result = try await RunningProgram.run(["stubborn"], environment: ["SWIFT_BACKTRACE": "enable=no"])
      #expect(result.code == 0, "\(result.errors)")
      #expect(result.output.contains("rmprocs: timeout: "), "\(result.output)")
      #expect(result.output.hasSuffix("removed\n"))
      #expect(result.errors.components(separatedBy: "Sending SIGQUIT").count == 3, "\(result.errors)")
      #expect(result.output.components(separatedBy: "heard SIGQUIT").count == 2, "\(result.output)")
    }

    // MARK: Too few descriptors

    @Test func tooFewDescriptorsAreAnErrorBeforeAnythingStarts() {
      let found = shell("ulimit -n 80; '\(RunningProgram.path)' --procs 8 arguments")
      #expect(found.code == 1)
      #expect(
        found.output.contains("with 8 more workers process 1 needs about 86 open files and connections"),
        "\(found.output)")
      #expect(found.output.contains("this user may have 80 (ulimit -Hn)"), "\(found.output)")
    }

    @Test func theSoftLimitOfDescriptorsIsRaised() {
      let found = shell("ulimit -Sn 40; '\(RunningProgram.path)' --procs 2 arguments")
      #expect(found.output == #"nprocs 3 arguments ["arguments"]"# + "\n")
    }

    // MARK: Heartbeats

    @Test(arguments: ["alone", "after-longer"]) func aStoppedWorkerIsDeclaredDeadAndABusyOneIsNot(when: String)
      async throws
    {
      let result = try await RunningProgram.run(["heartbeat", when], within: .seconds(90))
      #expect(result.code == 0, "\(result.errors)")
      let lost = result.output.split(separator: "\n").first { $0.hasPrefix("lost true after ") } ?? ""
      let words = lost.split(separator: " ")
      let seconds = words.count > 3 ? Int(words[3]) ?? -1 : -1
      #expect((0...6).contains(seconds), "\(result.output)")
      #expect(lost.contains("no heartbeat"), "\(lost)")
      #expect(result.output.components(separatedBy: "busy one answers true").count == 5, "\(result.output)")
      #expect(result.output.contains("still alive false"), "\(result.output)")
    }
  }

  @Suite struct Output {
    /// What each worker has written, without the prefix, in its order.
    private func lines(of worker: Int, in text: String) -> [String] {
      text.split(separator: "\n").filter { $0.hasPrefix("From worker \(worker):\t") }
        .map { String($0.drop { $0 != "\t" }.dropFirst()) }
    }

    private func check(
      _ result: (code: Int32, output: String, errors: String), workers: Int, count: Int,
      sourceLocation: SourceLocation = #_sourceLocation
    ) {
      for worker in 2..<(2 + workers) {
        let expected =
          (0..<count).map { "line \($0) of \(worker) \(String(repeating: "x", count: $0 % 200))" } + ["no end"]
        let output = lines(of: worker, in: result.output)
        #expect(output.count == expected.count, sourceLocation: sourceLocation)
        #expect(output == expected, sourceLocation: sourceLocation)
        let errors = lines(of: worker, in: result.errors)
        #expect(
          errors == stride(from: 0, to: count, by: 10).map { "error \($0 / 10) of \(worker)" },
          sourceLocation: sourceLocation)
      }
    }

    @Test func eachStreamOfAWorkerIsForwardedLineByLineToItsOwn() async throws {
      let result = try await RunningProgram.run(["output", "1", "30", "remove"])
      #expect(result.code == 0)
      check(result, workers: 1, count: 30)
      #expect(result.output.split(separator: "\n").count == 31)
      #expect(result.errors.split(separator: "\n").count == 3)
      #expect(result.output.hasSuffix("From worker 2:\tno end\n"))
    }

    @Test(arguments: ["leave", "remove", "exit"]) func nothingIsLostAtTheEnd(end: String) async throws {
      let result = try await RunningProgram.run(["output", "1", "10000", end])
      #expect(result.code == 0)
      check(result, workers: 1, count: 10_000)
      if end == "exit" { #expect(result.output.contains("worker ended: process 2 has gone: exited with status 7")) }
    }

    @Test func linesOfSeveralWorkersAreNeverMixed() async throws {
      let result = try await RunningProgram.run(["output", "3", "3000", "leave"])
      #expect(result.code == 0)
      check(result, workers: 3, count: 3000)
      #expect(result.output.split(separator: "\n").allSatisfy { $0.hasPrefix("From worker ") })
      #expect(result.output.split(separator: "\n").count == 3 * 3001)
    }
  }
}

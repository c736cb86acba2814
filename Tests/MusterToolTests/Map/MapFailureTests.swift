import Foundation
import Glibc
import Testing

/// Commands that fail, take too long, or are lost.
@Suite(.serialized) struct MapFailureTests {
  @Test func aCommandThatFailsIsTriedAgainElsewhere() async throws {
    let directory = try MusterProcess.makeDirectory()
    // Each attempt leaves the number of its slot, and the third succeeds.
    let script = "echo {%} >> \(directory)/tries; echo try; test $(wc -l < \(directory)/tries) = 3"
    let process = try MusterProcess(
      ["map", "--procs", "2", "--retries", "3", script, ":::", "a"], directory: directory)
    #expect(try await process.waitForExit() == 0)
    // Only what the last attempt has written counts.
    #expect(process.output == "try\n")
    let tries = process.text("tries").split(separator: "\n")
    // Both workers, and then one of them again.
    #expect(tries.count == 3 && Set(tries).count == 2)
  }

  @Test func aCommandThatTakesTooLongIsEndedWithAllItHasStarted() async throws {
    let run = try await MusterProcess.run(
      "map", "--procs", "1", "--timeout", "1", "trap '' TERM; echo {}; sleep 1000 & sleep 1000; wait", ":::", "a")
    // `run` has checked that nothing is left.
    #expect(run.code == 1)
    #expect(run.output == "a\n")
    #expect(run.errors.contains("command 1 was ended for its time"))
  }

  @Test func haltNowKillsWhatRunsAndEndsWithItsStatus() async throws {
    let run = try await MusterProcess.run(
      "map", "--procs", "1", "-j3", "--halt", "now,fail=1", "sleep {1}; exit {2}", ":::", "1000", "1000", "0", ":::",
      "5")
    #expect(run.code == 5)
  }

  @Test func oneThatIsEndedForItsTimeHasFailedWhateverItSays() async throws {
    let run = try await MusterProcess.run(
      "map", "--procs", "1", "--timeout", "1", "--halt", "now,fail=1", "trap 'exit 0' TERM; sleep 1000 & wait; : {}",
      ":::", "a")
    #expect(run.code == 255)
  }

  @Test func aZeroByteStopsTheMapAndNamesTheOption() async throws {
    let run = try await MusterProcess.run("map", "echo", input: "a\0b\0")
    #expect(run.code == 255 && run.errors.contains("--null"), "\(run.errors)")
    #expect(run.output == "")
  }

  @Test func aValueInAHereDocumentIsRefused() async throws {
    let run = try await MusterProcess.run("map", "cat <<EOF\n{}\nEOF", ":::", "a")
    #expect(run.code == 64 && run.errors.contains("put it into a variable"), "\(run.errors)")
  }

  @Test func anErrorOfAWorkerIsOneLine() async throws {
    let run = try await MusterProcess.run("map", "--procs", "1", "--shell", "/there/is/none", "echo $HOME", ":::", "a")
    #expect(run.code == 255)
    #expect(run.errors.contains("cannot start /there/is/none: No such file"))
    #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
  }

  @Test func whatIsGivenUpWithTheLastWorkerIsAFailedCommandAndHaltsAMap() async throws {
    let last = try MusterProcess(["map", "--procs", "3", "kill -KILL $PPID; sleep 1000 #", ":::", "a"])
    #expect(try await last.waitForExit() == 1)
    let halted = try MusterProcess(
      ["map", "--procs", "4", "--halt", "now,fail=1", "[ {} = b ] || kill -KILL $PPID; sleep 1000 #", ":::", "a", "b"])
    #expect(try await halted.waitForExit() == 255)
    await halted.expectNothingLeft()
  }

  @Test func haltSoonStartsNothingMore() async throws {
    let run = try await MusterProcess.run(
      "map", "--procs", "1", "--halt", "soon,done=2", "echo {}; exit {}", ":::", "1", "2", "3", "4", "5", "6", "7", "8")
    #expect(run.output == "1\n2\n")
    #expect(run.code == 2)
  }

  @Test func haltEndsAMapWhoseInputGoesOn() async throws {
    let pipe = Pipe()
    let writer = pipe.fileHandleForWriting
    let process = try MusterProcess(
      ["map", "--procs", "1", "--halt", "now,fail=1", "exit"], inputDescriptor: pipe.fileHandleForReading.fileDescriptor
    )
    try writer.write(contentsOf: Data("0\n3\n".utf8))
    #expect(try await process.waitForExit() == 3)
    try writer.close()
    await process.expectNothingLeft()
  }

  @Test func whatALostWorkerRanIsRunByAnother() async throws {
    let directory = try MusterProcess.makeDirectory()
    // The first command to come here ends its worker, and would itself go on for ever.
    let script = "if [ {} = 3 ] && mkdir \(directory)/first 2>/dev/null; then kill -KILL $PPID; sleep 1000; fi; echo {}"
    let process = try MusterProcess(
      ["map", "--procs", "2", "-k", "--joblog", "\(directory)/log", script, "::::", "-"],
      input: (1...20).map { "\($0)\n" }.joined(), directory: directory)
    #expect(try await process.waitForExit() == 0)
    #expect(process.outputLines == (1...20).map { "\($0)" })
    #expect(process.errors.contains("was lost"))
    let lines = process.text("log").split(separator: "\n").dropFirst().map { $0.split(separator: "\t") }
    #expect(lines.contains { $0[0] == "3" && $0[6] == "-1" && $0[7] == "-1" })
    #expect(Set(lines.filter { $0[6] == "0" }.map { $0[0] }).count == 20)
    await process.expectNothingLeft()
  }

  @Test func aCommandThatEndsEveryWorkerIsGivenUp() async throws {
    let process = try MusterProcess(["map", "--procs", "4", "kill -KILL $PPID; sleep 1000 #", ":::", "a"])
    #expect(try await process.waitForExit() == 1)
    #expect(process.errors.contains("is given up"))
    await process.expectNothingLeft()
  }

  @Test func withoutWorkersTheMapSaysHowToGoOn() async throws {
    let run = try await MusterProcess.run("map", "--procs", "1", "kill -KILL $PPID; sleep 1000 #", ":::", "a")
    #expect(run.code == 255)
    #expect(run.errors.contains("--resume"))
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGKILL])
  func commandsEndWithTheMap(signal: Int32) async throws {
    let process = try MusterProcess(
      [
        "map", "--procs", "2", "trap '' INT TERM HUP; setsid sleep 1000 & sleep 1000; : {}", ":::", "a",
        "b",
      ])
    await eventually("both commands run") { process.processes.count >= 9 }
    kill(process.pid, signal)
    #expect(try await process.waitForExit() == -signal)
    await process.expectNothingLeft()
  }

  @Test func aMapWithinAMapEndsWithIt() async throws {
    let inner = "'\(MusterProcess.path)' map --procs 1 \"trap '' TERM; sleep 1000 #\" ::: a #"
    let process = try MusterProcess(["map", "--procs", "1", inner, ":::", "x"])
    await eventually("the inner command runs") { process.processes.contains { Self.isSleep($0) } }
    kill(process.pid, SIGKILL)
    #expect(try await process.waitForExit() == -SIGKILL)
    await process.expectNothingLeft()
  }

  private static func isSleep(_ pid: Int32) -> Bool {
    (try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8)) == "sleep\n"
  }

  @Test func outputThatCannotBeWrittenStopsTheMap() async throws {
    let directory = try MusterProcess.makeDirectory()
    let inner =
      "'\(MusterProcess.path)' map --procs 1 --joblog \(directory)/log 'echo {}; sleep 0.1' ::: $(seq 1000) > /dev/full #"
    let process = try MusterProcess(["map", "--procs", "1", inner, ":::", "x"], directory: directory)
    #expect(try await process.waitForExit() == 1)
    #expect(process.errors.contains("cannot write standard output: No space left on device"))
    // What is not out is not done.
    #expect(process.text("log").split(separator: "\n").count == 1)
  }

  @Test(arguments: [
    (["--jbos", "3"], "Did you mean '--jobs'?"), (["--joblgo=x"], "Did you mean '--joblog'?"),
    (["--halt", "later"], "--halt"), (["--jobs", "0"], "at least 1"), (["--resume"], "--joblog"),
    (["--procs", "1", "--ssh", "h"], "exclude each other"), (["--timeout", "soon"], "--timeout"),
    (["--colsep", "("], "regular expression"),
  ])
  func aWrongOptionIsAnsweredWithWhatIsRight(options: [String], answer: String) async throws {
    let run = try await MusterProcess.run(["map"] + options + ["echo", ":::", "a"])
    #expect(run.code == 64 || run.code == 255)
    #expect(run.errors.contains(answer), "\(run.errors)")
    #expect(run.output == "")
  }

  @Test func helpTeachesByExample() async throws {
    for words in [["map", "--help"], ["help", "map"]] {
      let run = try await MusterProcess.run(words)
      #expect(run.code == 0)
      #expect(run.output.contains("muster map 'gzip -k {}' < files.txt"))
      #expect(run.output.contains("--keep-order"))
    }
  }
}

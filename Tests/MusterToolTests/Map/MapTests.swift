import Foundation
import Glibc
import Testing

/// `muster map` itself, as a user runs it.
@Suite(.serialized) struct MapTests {
  @Test func theValuesOfEveryCombinationArePutIn() async throws {
    let run = try await MusterProcess.run("map", "-k", "echo {1}-{2} {#} {/.}", ":::", "a/x.c", "b", ":::", "1", "2")
    #expect(run.output == "a/x.c-1 1 x 1\na/x.c-2 2 x 2\nb-1 3 b 1\nb-2 4 b 2\n")
    #expect(run.code == 0)
    #expect(run.errors == "")
  }

  @Test func theLinesOfStandardInputAreValues() async throws {
    let run = try await MusterProcess.run("map", "-k", "--procs", "2", "printf '<%s>' {}", input: "a b\nit's\n$HOME\n")
    #expect(run.output == "<a b><it's><$HOME>")
  }

  @Test func withoutACommandTheInputIsCommands() async throws {
    let run = try await MusterProcess.run("map", "-k", input: "echo a; echo b\ntrue && echo c\n")
    #expect(run.output == "a\nb\nc\n")
  }

  @Test func nothingToDoIsDone() async throws {
    let run = try await MusterProcess.run("map", "echo", input: "")
    #expect(run.code == 0)
    #expect(run.output + run.errors == "")
  }

  @Test func commandsStartBeforeTheInputEnds() async throws {
    let pipe = Pipe()
    let writer = pipe.fileHandleForWriting
    // Or the command would have it as well, and never see its end.
    #expect(fcntl(writer.fileDescriptor, F_SETFD, FD_CLOEXEC) == 0)
    let process = try MusterProcess(
      ["map", "--procs", "1", "echo"], inputDescriptor: pipe.fileHandleForReading.fileDescriptor)
    try writer.write(contentsOf: Data("first\n".utf8))
    await eventually("the first command runs") { process.output == "first\n" }
    try writer.write(contentsOf: Data("second".utf8))
    try writer.close()
    #expect(try await process.waitForExit() == 0)
    #expect(process.output == "first\nsecond\n")
  }

  @Test func theTwoStreamsOfACommandAreApartAndWhole() async throws {
    let script = "for i in 1 2 3 4 5 6 7 8; do echo out {} $i; echo err {} $i >&2; done"
    let process = try MusterProcess(
      ["map", "--procs", "2", "--jobs", "2", script, "::::", "-"], input: (1...40).map { "\($0)\n" }.joined())
    #expect(try await process.waitForExit() == 0)
    for (name, text) in [("out", process.output), ("err", process.errors)] {
      // On a busy machine Muster itself may have to say something on standard error.
      let lines = text.split(separator: "\n").map(String.init).filter { $0.hasPrefix("\(name) ") }
      try #require(lines.count == 320)
      for start in stride(from: 0, to: lines.count, by: 8) {
        let command = lines[start].split(separator: " ")[1]
        #expect(lines[start..<start + 8].elementsEqual((1...8).map { "\(name) \(command) \($0)" }))
      }
    }
  }

  @Test func theOrderOfTheInputCanBeKept() async throws {
    let run = try await MusterProcess.run(
      "map", "-k", "--procs", "1", "-j4", "test {} != 1 || sleep 1; echo {}", ":::", "1", "2", "3", "4", "5")
    #expect(run.output == "1\n2\n3\n4\n5\n")
  }

  @Test func eachLineCanHaveItsTag() async throws {
    let run = try await MusterProcess.run("map", "-k", "--tag", "echo one; echo two {}", ":::", "a", "b")
    #expect(run.output == "a\tone\na\ttwo a\nb\tone\nb\ttwo b\n")
  }

  @Test func aDryRunPrintsTheCommands() async throws {
    let run = try await MusterProcess.run("map", "--dry-run", "rm {}", ":::", "a b", "c")
    #expect(run.output == "rm 'a b'\nrm c\n")
  }

  @Test func whatADescendantKeepsOpenIsNotWaitedFor() async throws {
    let process = try MusterProcess(["map", "--procs", "1", "sleep 1000 & echo {}", ":::", "a"])
    #expect(try await process.waitForExit() == 0)
    #expect(process.output == "a\n")
    // It was left behind on purpose.
    #expect(process.processes.count == 1)
  }

  @Test func aDescendantThatWritesForEverIsNotWaitedFor() async throws {
    let directory = try MusterProcess.makeDirectory()
    let process = try MusterProcess(
      ["map", "--procs", "1", "(while :; do echo x; sleep 0.02; done) & echo {}", ":::", "a"], directory: directory)
    #expect(try await process.waitForExit() == 0)
    #expect(process.output.split(separator: "\n").contains("a"))
  }

  @Test func theShellThatWasChosenIsUsed() async throws {
    let directory = try MusterProcess.makeDirectory()
    let wrapper = "\(directory)/wrapper"
    try "#!/bin/sh\necho wrapped\nexec /bin/sh \"$@\"\n".write(toFile: wrapper, atomically: false, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: wrapper)
    let process = try MusterProcess(["map", "--shell", wrapper, "uname", ":::", "-s"], directory: directory)
    #expect(try await process.waitForExit() == 0)
    #expect(process.output == "wrapped\nLinux\n")
  }

  @Test func aMapOnTheWayShowsWhatItKnows() async throws {
    let pipe = Pipe()
    let writer = pipe.fileHandleForWriting
    #expect(fcntl(writer.fileDescriptor, F_SETFD, FD_CLOEXEC) == 0)
    let process = try MusterProcess(
      ["map", "--procs", "1", "--progress", "echo"], inputDescriptor: pipe.fileHandleForReading.fileDescriptor)
    try writer.write(contentsOf: Data("first\n".utf8))
    // Before the end of the input.
    await eventually("the first command runs") { process.output == "first\n" }
    try writer.close()
    #expect(try await process.waitForExit() == 0)
    #expect(process.errors.contains("100 %, 1 of 1"))
  }

  @Test func commandsKnowTheirNumberAndSlot() async throws {
    let run = try await MusterProcess.run(
      "map", "-k", "--procs", "1", "-j2", "echo {#} $PARALLEL_SEQ {%} $PARALLEL_JOBSLOT", ":::", "a", "b", "c", "d")
    for (index, line) in run.output.split(separator: "\n").enumerated() {
      let words = line.split(separator: " ")
      #expect(words[0] == "\(index + 1)" && words[1] == words[0])
      #expect(["1", "2"].contains(words[2]) && words[3] == words[2])
    }
  }

  @Test func theExitStatusIsTheNumberOfFailures() async throws {
    #expect(try await MusterProcess.run("map", "exit {}", ":::", "0", "1", "7").code == 2)
    let many = (1...105).map { "\($0)" }.joined(separator: "\n")
    #expect(try await MusterProcess.run("map", "false", input: many).code == 101)
  }

  @Test func aCommandThatIsNotFoundFailsAsInTheShell() async throws {
    let run = try await MusterProcess.run("map", "--shell", "/bin/sh", "there-is-no-such-program", ":::", "a")
    #expect(run.code == 1)
    #expect(run.errors.contains("not found"))
  }
}

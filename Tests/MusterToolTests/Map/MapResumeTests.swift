import Foundation
import Glibc
import Testing

/// The joblog, and going on from it.
@Suite(.serialized) struct MapResumeTests {
  private static func columns(_ joblog: String) -> [[String]] {
    joblog.split(separator: "\n").dropFirst().map {
      $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
  }

  @Test func theJoblogHasALineForEachCommand() async throws {
    let directory = try MusterProcess.makeDirectory()
    let process = try MusterProcess(
      ["map", "--joblog", "\(directory)/log", "echo {}; exit {}", ":::", "0", "3"], directory: directory)
    #expect(try await process.waitForExit() == 1)
    let lines = Self.columns(process.text("log")).sorted { $0[0] < $1[0] }
    #expect(
      lines.map { [$0[0], $0[5], $0[6], $0[7], $0[8]] } == [
        ["1", "2", "0", "0", "echo 0; exit 0"], ["2", "2", "3", "0", "echo 3; exit 3"],
      ])
    let start = try #require(Double(lines[0][2]))
    #expect(abs(start - Date().timeIntervalSince1970) < 600)
  }

  @Test func resumeLeavesOutWhatIsDone() async throws {
    let directory = try MusterProcess.makeDirectory()
    func map(_ options: [String], _ values: [String]) async throws -> String {
      let process = try MusterProcess(
        ["map", "-k", "--joblog", "\(directory)/log"] + options + ["echo {}; test {} != bad", ":::"] + values)
      _ = try await process.waitForExit()
      return process.output
    }
    #expect(try await map([], ["a", "bad"]) == "a\nbad\n")
    #expect(try await map(["--resume"], ["new", "a", "bad", "b"]) == "new\nb\n")
    #expect(try await map(["--resume-failed"], ["new", "a", "bad", "b"]) == "bad\n")
    #expect(try await map([], ["a"]) == "a\n")
    try FileManager.default.removeItem(atPath: directory)
  }

  @Test func aMapThatIsKilledAtAnyPointIsFinishedByOthers() async throws {
    let directory = try MusterProcess.makeDirectory()
    let values = (1...300).map { "\($0)" }
    let arguments = ["map", "--procs", "2", "--joblog", "\(directory)/log", "--resume", "echo {}", "::::", "-"]
    var printed: [String] = []
    var generator = SystemRandomNumberGenerator()
    for attempt in 0..<8 {
      let process = try MusterProcess(arguments, input: values.map { $0 + "\n" }.joined())
      if attempt < 7 {
        // Somewhere between the start of the first command and the end of the last.
        let point = Int.random(in: 0..<40, using: &generator)
        await eventually("it has come so far, or to its end") {
          process.output.utf8.count > point || process.exitCode != nil
        }
        kill(process.pid, SIGKILL)
        _ = try await process.waitForExit()
        await process.expectNothingLeft()
        if attempt % 2 == 1 {
          // And its last write was cut short.
          let log = try Data(contentsOf: URL(fileURLWithPath: "\(directory)/log"))
          try log.dropLast(Int.random(in: 0...min(20, log.count), using: &generator))
            .write(to: URL(fileURLWithPath: "\(directory)/log"))
        }
      } else {
        #expect(try await process.waitForExit() == 0)
      }
      printed += process.outputLines
    }
    #expect(Set(printed) == Set(values))
    let joblog = try String(contentsOfFile: "\(directory)/log", encoding: .utf8)
    let done = Self.columns(joblog).filter { $0[7] == "0" }.map { $0[8] }
    #expect(done.sorted() == values.map { "echo \($0)" }.sorted())
    try FileManager.default.removeItem(atPath: directory)
  }

  @Test func aJoblogThatCouldNotBeWrittenToItsEndIsGoneOnFrom() throws {
    let directory = try MusterProcess.makeDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let map = "'\(Tool.path)' map --procs 2 --joblog \(directory)/log --resume echo {} ::: $(seq 60)"
    // No file may have more than 1,024 bytes: a line is cut short by that.
    let first = try Tool.shell("trap '' XFSZ; ulimit -f 2; exec \(map)")
    #expect(first.code == 255 && first.errors.contains("cannot write the joblog"), "\(first.errors)")
    let second = try Tool.shell(map)
    #expect(second.code == 0, "\(second.errors)")
    #expect(Set(first.lines + second.lines) == Set((1...60).map { "\($0)" }))
    let log = try String(contentsOfFile: "\(directory)/log", encoding: .utf8)
    #expect(Set(Self.columns(log).map { $0[8] }) == Set((1...60).map { "echo \($0)" }))
  }

  @Test func aLineThatIsNoneIsNamed() throws {
    let directory = try MusterProcess.makeDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let good = "1\tn1\t1.000\t     0.002\t0\t12\t0\t0\techo\n"
    let heading = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n"
    try (heading + good + "what?\n" + good).write(toFile: "\(directory)/log", atomically: false, encoding: .utf8)
    let result = try Tool.run(["map", "--joblog", "\(directory)/log", "--resume", "echo", ":::", "a"])
    #expect(result.code == 255 && result.errors.contains("is not a joblog (line 3)"), "\(result.errors)")
  }

  @Test func aJoblogInUseAndAnotherFileAreRefused() async throws {
    let directory = try MusterProcess.makeDirectory()
    try "hello\n".write(toFile: "\(directory)/text", atomically: false, encoding: .utf8)
    let other = try await MusterProcess.run("map", "--joblog", "\(directory)/text", "--resume", "echo", ":::", "a")
    #expect(other.code == 255)
    #expect(other.errors.contains("is not a joblog"))
    let first = try MusterProcess(["map", "--joblog", "\(directory)/log", "sleep", ":::", "1000"])
    await eventually("the first has begun its joblog") {
      !((try? String(contentsOfFile: "\(directory)/log", encoding: .utf8)) ?? "").isEmpty
    }
    let second = try await MusterProcess.run("map", "--joblog", "\(directory)/log", "echo", ":::", "a")
    #expect(second.code == 255)
    #expect(second.errors.contains("in use"))
    kill(first.pid, SIGKILL)
    _ = try await first.waitForExit()
    await first.expectNothingLeft()
    try FileManager.default.removeItem(atPath: directory)
  }
}

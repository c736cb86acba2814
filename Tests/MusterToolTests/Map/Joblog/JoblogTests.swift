import Testing

@testable import MusterTool

@Suite struct JoblogTests {
  private func line(_ sequence: Int, _ command: String, exit: Int32 = 0, signal: Int32 = 0) -> JoblogLine {
    JoblogLine(
      sequence: sequence, host: "n1", start: 1669060000.1234, runtime: 0.0021, received: 12, exitValue: exit,
      signal: signal, command: command.bytes)
  }

  private func file(_ lines: [JoblogLine]) -> Bytes { JoblogLine.heading.bytes + lines.flatMap(\.bytes) }

  private func text(_ command: String) -> CommandText { CommandText(parts: [command.bytes]) }

  @Test func theColumnsAreThoseOfGNUParallel() {
    #expect(
      line(2, "sleep 5; echo 5", exit: -1, signal: 15).bytes.text
        == "2\tn1\t1669060000.123\t     0.002\t0\t12\t-1\t15\tsleep 5; echo 5\n")
  }

  @Test func aLineIsReadAsItWasWritten() throws {
    let original = line(3, "echo a\techo\n'b'", exit: 4)
    let read = try #require(JoblogLine(original.bytes.dropLast()))
    #expect(read.command == original.command)
    #expect((read.sequence, read.exitValue, read.signal, read.host) == (3, 4, 0, "n1"))
    #expect(JoblogLine("3\tn1\t1.0\t0\t0\t0\t0".bytes) == nil)
    #expect(JoblogLine(":\t:".bytes) == nil)
  }

  @Test func whatIsDoneIsTakenOnceForEachLine() throws {
    var done = try #require(
      Resumption(file([line(1, "a"), line(2, "b", exit: 1), line(3, "a")]), repeatsFailed: false))
    let taken = ["a", "c", "a", "a", "b"].map { done.takes(text($0), sequence: 9) }
    #expect(taken == [true, false, true, false, true])
  }

  @Test func whatHasFailedIsRepeatedOnRequest() throws {
    let log = file([line(1, "a", exit: 1), line(2, "b", signal: 9), line(3, "c"), line(1, "a")])
    var done = try #require(Resumption(log, repeatsFailed: true))
    let taken = ["a", "b", "c"].map { done.takes(text($0), sequence: 1) }
    #expect(taken == [true, false, true])
  }

  @Test func whatWasLostWithItsWorkerIsNotDone() throws {
    var done = try #require(Resumption(file([line(1, "a", exit: -1, signal: -1)]), repeatsFailed: false))
    let isDone = done.takes(text("a"), sequence: 1)
    #expect(!isDone)
  }

  @Test func aCommandThatDependsOnItsSlotIsKnownByItsNumber() throws {
    var done = try #require(Resumption(file([line(4, "run 7")]), repeatsFailed: false))
    let command = CommandText(parts: ["run ".bytes, []])
    let taken = [4, 5].map { done.takes(command, sequence: $0) }
    #expect(taken == [true, false])
  }

  @Test func aJoblogThatIsCutAtAnyByteIsOneOfFewerLines() throws {
    let lines = (1...5).map { line($0, "command \($0)\twith\nmore") }
    let whole = file(lines)
    for size in 0...whole.count {
      var done = try #require(Resumption(Bytes(whole[..<size]), repeatsFailed: false), "cut at \(size)")
      #expect(done.validSize <= size)
      #expect(Bytes(whole[..<done.validSize]).last ?? 10 == 10)
      let known = lines.filter { done.takes(CommandText(parts: [$0.command]), sequence: $0.sequence) }.count
      let expected = max(0, whole[..<size].count { $0 == 10 } - 1)
      #expect(known == expected, "cut at \(size)")
    }
  }

  @Test func anotherFileIsNoJoblog() {
    #expect(Resumption("hello\n".bytes, repeatsFailed: false) == nil)
    #expect(Resumption("hello".bytes, repeatsFailed: false) == nil)
    #expect(Resumption((JoblogLine.heading + "hello\n").bytes, repeatsFailed: false) == nil)
  }
}

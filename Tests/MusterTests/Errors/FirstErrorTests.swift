import Testing

@testable import Muster

@Suite struct FirstErrorTests {
  private let end = ProcessExitedError(pid: 4, reason: "killed by signal 9")

  @Test func whatIsTheOnlyErrorIsSaidAsItIs() {
    #expect(FirstError().report(end) == "process 4 has gone: killed by signal 9")
  }

  @Test func theFirstErrorComesFirstAndApart() {
    let errors = FirstError()
    errors.note("the cause", worker: 5, host: "node2")
    errors.note("a consequence")
    errors.note("another")
    let lines = errors.report(end).split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 4)
    #expect(lines[0].hasPrefix("first error (") && lines[0].hasSuffix(" s after start, worker 5 on node2): the cause"))
    #expect(lines[1] == "" && lines[2] == "2 more errors followed. The program ended with:")
    #expect(lines[3] == "process 4 has gone: killed by signal 9")
  }

  @Test func anErrorIsNotSaidTwice() {
    let errors = FirstError()
    errors.note("\(end)", worker: 4, host: "n")
    #expect(errors.report(end).split(separator: "\n").count == 1)
    errors.note("more")
    #expect(errors.report(end).hasSuffix("1 more error followed."))
  }
}

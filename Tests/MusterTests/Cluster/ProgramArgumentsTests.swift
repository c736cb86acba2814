import Testing

@testable import Muster

@Test(
  arguments: [
    (["p", "--procs", "4", "x"], 4, 1...2), (["p", "--procs=4", "x"], 4, 1...1),
    (["p", "--procs", "auto"], nil, 1...2),
    (["p", "--procs=auto"], nil, 1...1), (["p", "--procs", "1"], 1, 1...2),
  ] as [([String], Int?, ClosedRange<Int>)])
func `a number of workers at the beginning is understood`(arguments: [String], count: Int?, positions: ClosedRange<Int>)
  throws
{
  let found = try #require(try ProgramArguments.workerCount(in: arguments))
  #expect(found.0 == count.map { .exactly($0) } ?? .auto)
  #expect(found.1 == positions)
}

@Test(
  arguments: [[], ["p"], ["p", "x", "--procs", "4"], ["p", "--proc", "4"], ["p", "--procsx=4"], ["p", "4"]]
    as [[String]])
func `what is not at the beginning is the program's own`(arguments: [String]) throws {
  #expect(try ProgramArguments.workerCount(in: arguments) == nil)
}

@Test(arguments: [
  ["p", "--procs"], ["p", "--procs", ""], ["p", "--procs="], ["p", "--procs", "0"], ["p", "--procs", "-2"],
  ["p", "--procs", "four"],
  ["p", "--procs=4.5"], ["p", "--procs", "99999999999999999999"], ["p", "--procs", "AUTO"],
])
func `a number that is none is an error that names the option`(arguments: [String]) {
  do {
    _ = try ProgramArguments.workerCount(in: arguments)
    Issue.record("it was taken")
  } catch {
    #expect(error.code == .invalidArgument && error.message.contains("--procs"))
  }
}

@Test func `the command line is the kernel's`() {
  #expect(ProgramArguments.current.first == CommandLine.arguments.first)
  #expect(!WorkerProcess.isInvited)
}

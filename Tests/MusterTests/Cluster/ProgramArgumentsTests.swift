import Testing

@testable import Muster

@Test func `the command line is the kernel's`() {
  #expect(ProgramArguments.current.first == CommandLine.arguments.first)
  #expect(!WorkerProcess.isInvited)
}

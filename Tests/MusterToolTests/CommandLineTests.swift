import ArgumentParser
import Testing

@testable import MusterTool

@Suite struct CommandLineTests {
  @Test func theCommandSaysWhatItIs() {
    #expect(MusterTool.helpMessage().contains("Runs commands across a whole cluster"))
  }
}

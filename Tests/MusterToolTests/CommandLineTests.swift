import ArgumentParser
import Testing

@testable import MusterTool

@Suite struct CommandLineTests {
  @Test func theCommandSaysWhatItIs() {
    #expect(MusterTool.helpMessage().contains("Runs commands across a whole cluster"))
  }

  @Test func everySubcommandTeachesByExample() throws {
    for command in MusterTool.configuration.subcommands where command.configuration.shouldDisplay {
      let help = try Tool.run(["help", command._commandName])
      #expect(help.code == 0 && help.output.contains("EXAMPLES"), "\(command._commandName)")
    }
  }

  @Test(arguments: [
    (["topo", "--placment", "core"], "--placement"), (["hosts", "--compat"], "--compact"), (["hots"], "hosts"),
    (["tpo"], "topo"),
  ])
  func aWrongWordIsAnsweredWithTheNearestRightOne(arguments: [String], right: String) throws {
    let result = try Tool.run(arguments)
    #expect(result.code != 0 && result.errors.contains("Did you mean '\(right)'?"), "\(result.errors)")
  }

  @Test func aWrongValueIsAnsweredWithThoseThatThereAre() throws {
    let result = try Tool.run(["hosts", "n1", "--to", "xml"])
    #expect(result.code != 0 && result.errors.contains("openmpi"), "\(result.errors)")
  }

  @Test func coloursAreForTerminalsAndNotForWhoWantsNone() throws {
    let arguments = ["topo", "--synthetic", "core:2 pu:1", "--workers", "1"]
    #expect(try Tool.runOnTerminal(arguments).output.contains("\u{1B}["))
    #expect(try !Tool.runOnTerminal(arguments, environment: ["NO_COLOR": "1"]).output.contains("\u{1B}["))
    #expect(try !Tool.runOnTerminal(arguments, environment: ["TERM": "dumb"]).output.contains("\u{1B}["))
    #expect(try !Tool.run(arguments, environment: ["TERM": "xterm"]).output.contains("\u{1B}["))
  }
}

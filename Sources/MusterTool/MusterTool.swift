import ArgumentParser
import Muster

/// The command `muster`: a cluster without a line of Swift.
@main
struct MusterTool: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "muster",
    abstract: "Runs commands across a whole cluster, and says what is where.",
    subcommands: [MapCommand.self, GuardCommand.self])

  static func main() async {
    await becomeWorkerIfLaunchedAsOne()
    await main(Array(CommandLine.arguments.dropFirst()))
  }
}

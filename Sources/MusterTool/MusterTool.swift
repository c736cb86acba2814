import ArgumentParser
import Muster

/// The command `muster`: a cluster without a line of Swift.
@main
struct MusterTool: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "muster",
    abstract: "Runs commands across a whole cluster, and says what is where.",
    subcommands: [
      Plan.self,
      Doctor.self,
      Hosts.self,
      Topo.self,
      Status.self,
      Kill.self,
      Manual.self,
      MPILevel.self,
    ])

  static func main() async {
    await becomeWorkerIfLaunchedAsOne()
    let arguments = Array(CommandLine.arguments.dropFirst())
    refuseMisspelled(arguments)
    await main(arguments)
  }
}

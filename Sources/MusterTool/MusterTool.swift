import ArgumentParser
import Muster

/// The command `muster`: a cluster without a line of Swift.
@main
struct MusterTool: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "muster",
    abstract: "Runs commands across a whole cluster, and says what is where.",
    discussion: """
      EXAMPLES:
        muster map 'gzip {}' ::: *.csv    a command for every file, on all workers
        muster plan                       what this job is, and what would run
        muster doctor                     whether it can
        muster hosts 'n[001-003]'         one host a line
        muster topo --workers 4           where workers run on this machine
        muster status                     what running programs do
        muster report run.jsonl           what a program did
      """,
    subcommands: [
      MapCommand.self,
      Plan.self,
      Doctor.self,
      Hosts.self,
      Topo.self,
      Status.self,
      Kill.self,
      Report.self,
      Manual.self,
      MPILevel.self,
      GuardCommand.self,
    ])

  static func main() async {
    await becomeWorkerIfLaunchedAsOne()
    let arguments = Array(CommandLine.arguments.dropFirst())
    refuseMisspelled(arguments)
    await main(arguments)
  }
}

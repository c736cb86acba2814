import ArgumentParser
import Muster

/// `muster plan`
struct Plan: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Says what would be started, where and how, and starts nothing.",
    usage: "muster plan [<where>] [<placement>] [--json] [<program> [<arguments> ...]]",
    discussion: """
      EXAMPLES:
        muster plan                            what this job is, and what is made of it
        muster plan --ssh n1 '4*n2' 'auto*n3'  over ssh
        muster plan --hostfile hosts ./simulate
        muster plan --procs auto --placement scatter --threads-per-worker 2
        muster plan --slurm 64                 the command line of srun

      What was detected; the command lines that would be run, exactly; which worker runs on which cores of which host, where \
      hosts other than this one are taken to be like it; addresses and times. In none of it is anything secret: that \
      reaches workers by their standard input only, or by a file of mode 0600.
      """)

  @OptionGroup(title: "Where") var workers: WorkerOptions
  @OptionGroup(title: "Placement") var placement: PlacementOptions

  @Flag(help: "All of it as an object.")
  var json = false

  @Argument(help: "The program whose workers are meant; this one if none is given.", completion: .file())
  var program: String?

  @Argument(parsing: .captureForPassthrough, help: "Its arguments.")
  var arguments: [String] = []

  func run() async throws {
    let manager = try workers.manager(options(AddprocsOptions()))
    let plan = try await planLaunch(manager, options: options(manager.defaultOptions))
    let report = PlanReport(try await Surroundings.detected(), plan)
    if json { return try printJSON(report) }
    for line in report.lines(on: .standardOutput) { print(line) }
  }

  private func options(_ options: AddprocsOptions) -> AddprocsOptions {
    var options = options
    workers.apply(to: &options)
    placement.apply(to: &options)
    options.exename = program ?? options.exename
    options.exeflags = arguments
    return options
  }
}

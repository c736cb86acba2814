import ArgumentParser
import Muster

/// `muster doctor`
struct Doctor: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tries out whether workers can run where they are to, and says what to do where not.",
    usage: "muster doctor [<where>] [--json]",
    discussion: """
      EXAMPLES:
        muster doctor                      this host, or all nodes of this job
        muster doctor --ssh n1 n2 n3
        muster doctor --hostfile hosts --interface ib0
        srun -N1 muster doctor             from another node of the job

      It takes 15 s at most. A worker is started on each host and ended again: by which interface it reaches this process, \\
      how long a call takes, how many bytes a second go there, whether the executable is the same, what limits and which \\
      CPUs it has, what its clock says. Each line is ok, a warning or a failure, with what to do about it; with a failure \\
      the exit status is 1.
      """)

  /// Within which a worker has to join, so that all is said within 15 s.
  private static let patience: Duration = .seconds(8)

  @OptionGroup(title: "Where") var workers: WorkerOptions

  @Flag(help: "An array of objects.")
  var json = false

  func run() async throws {
    var options = AddprocsOptions()
    options.timeout = Self.patience
    options.topology = .masterWorker
    options.bindTo = .none
    options.atLeast = nil
    workers.apply(to: &options)
    let probes = try workers.probes(options)
    let peers = probes.reduce(1) { $0 + ($1.slots ?? 1) }
    var all: [Check] = []
    await withTaskGroup(of: [Check].self) { group in
      group.addTask { await SchedulerChecks.all() }
      group.addTask { await MPIChecks.all() }
      group.addTask { ProcessLimits.current().checks(at: "process 1", peers: peers, hasFastNetwork: false) }
      for probe in probes { group.addTask { [options] in await probe.checks(options, peers: peers) } }
      for await checks in group {
        all += checks
        if !json { show(checks) }
      }
    }
    if json { try printJSON(all) } else { summarize(all) }
    if all.contains(where: { $0.verdict == .failure }) { throw ExitCode(1) }
  }

  private func show(_ checks: [Check]) {
    for line in checks.flatMap({ $0.lines(on: .standardOutput) }) { print(line) }
  }

  private func summarize(_ checks: [Check]) {
    let counts = Check.Verdict.allCases.map { verdict in
      "\(checks.count { $0.verdict == verdict }) \(verdict.rawValue)"
    }
    print(counts.joined(separator: ", "))
  }
}

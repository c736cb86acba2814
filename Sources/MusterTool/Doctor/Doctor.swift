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

      It takes 15 s at most. A worker is started on each host and ended again: by which interface it reaches this process, \
      how long a call takes, how many bytes a second go there, whether the executable is the same, what limits and which \
      CPUs it has, what its clock says. Each line is ok, a warning or a failure, with what to do about it; with a failure \
      the exit status is 1.
      """)

  /// Within which a worker has to join, so that all is said within 15 s.
  private static let patience: Duration = .seconds(8)

  /// For everything.
  private static let deadline: Duration = .seconds(14)

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
    let all = await checks(of: probes, options, peers: peers)
    if json { try printJSON(all) } else { summarize(all) }
    if all.contains(where: { $0.verdict == .failure }) { throw ExitCode(1) }
  }

  /// All at once; what has not come by the deadline has failed.
  private func checks(of probes: [HostProbe], _ options: AddprocsOptions, peers: Int) async -> [Check] {
    let (results, inbox) = AsyncStream.makeStream(of: (place: String, checks: [Check])?.self)
    func begin(_ place: String, _ body: @escaping @Sendable () async -> [Check]) -> Task<Void, any Error> {
      Task.onCluster { _ = inbox.yield((place, await body())) }
    }
    var tasks = [
      begin("scheduler") { await SchedulerChecks.all() }, begin("mpi") { await MPIChecks.all() },
      begin("process 1") { ProcessLimits.current().checks(at: "process 1", peers: peers, hasFastNetwork: false) },
    ]
    tasks += probes.map { probe in begin(probe.place) { await probe.checks(options, peers: peers) } }
    let timer = Task.onCluster {
      try? await Task.sleep(for: Self.deadline)
      _ = inbox.yield(nil)
    }
    var missing = ["scheduler", "mpi", "process 1"] + probes.map(\.place)
    var all: [Check] = []
    for await result in results {
      let silent = result == nil ? missing.map { HostProbe.silence($0, after: Self.deadline) } : []
      let checks = result?.checks ?? silent
      all += checks
      if !json { show(checks) }
      if let place = result?.place, let index = missing.firstIndex(of: place) { missing.remove(at: index) }
      if result == nil || missing.isEmpty { break }
    }
    for task in tasks + [timer] { task.cancel() }
    return all
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

import Glibc
import Logging
import Synchronization

/// One srun, and with it one step of workers' agents.
final class Srun: Sendable {
  private static let queuePeriod: Duration = .seconds(5)

  let step: SlurmStep
  let agents: HostAgents
  private let process: ChildProcess
  private let clock: LaunchClock
  private let state = Mutex(SrunReport())
  private let cluster: Cluster
  private let left = Mutex(Presence())

  /// Starts it. Its agents find their invitation on its standard input, which it hands to each of them.
  ///
  /// - Throws: `ClusterError` `.launchFailed` when there is no srun.
  static func start(_ step: SlurmStep, _ options: AddprocsOptions, in cluster: Cluster) throws -> Srun {
    var options = options
    options.restrict = false
    let agents = try HostAgents.expect(step.agents, options)
    let heard = SrunOutput()
    do {
      let process = try ChildProcess.spawn(
        command(step.arguments, agents.invitation), engine: cluster.engine, output: heard.forwarder(in: cluster))
      let srun = Srun(step, agents, process, options.timeout, cluster)
      srun.clock.start()
      heard.setReader(srun)
      cluster.task { await srun.watch() }
      return srun
    } catch {
      agents.close()
      throw ClusterError(
        .launchFailed, "SlurmManager: \((error as? ClusterError)?.message ?? "\(error)"): is Slurm installed here?",
        cause: error)
    }
  }

  private init(
    _ step: SlurmStep, _ agents: HostAgents, _ process: ChildProcess, _ timeout: Duration, _ cluster: Cluster
  ) {
    self.step = step
    self.agents = agents
    self.process = process
    self.cluster = cluster
    clock = LaunchClock(agents, timeout, cluster)
  }

  /// srun ends with process 1, however that ends: what still waits in the queue then is not to start later.
  static func words(_ arguments: [String]) -> [String] {
    let guardian = (["/usr/bin/setpriv", "/bin/setpriv"] as [String]).first { access($0, X_OK) == 0 }
    return guardian.map { [$0, "--pdeathsig", "TERM", "srun"] + arguments } ?? ["srun"] + arguments
  }

  private static func command(_ arguments: [String], _ input: String) -> ChildProcess.Command {
    let words = words(arguments)
    return ChildProcess.Command(
      executable: words[0], arguments: Array(words.dropFirst()),
      environment: SlurmEnvironment.cleaned(currentEnvironment()), directory: nil, input: input)
  }

  // MARK: What it says

  var report: SrunReport { state.withLock { $0 } }

  fileprivate func hear(_ line: String) {
    cluster.logger(.slurm).debug("\(line)")
    let wasQueued = state.withLock { report in
      defer { report.hear(line) }
      return report.isQueued
    }
    guard wasQueued != report.isQueued else { return }
    if wasQueued { return clock.start() }
    clock.stop()
    cluster.task { await self.showQueue() }
  }

  /// The next agent.
  ///
  /// - Throws: `ClusterError` `.timeout`, or `.launchFailed` when srun has ended; `CancellationError`.
  func nextAgent() async throws -> HostAgent {
    let agent = try await agents.next(within: .seconds(1 << 32))
    if case .newJob = step.place { state.withLock { $0.learn(job: agent.report.variables["SLURM_JOB_ID"]) } }
    if left.withLock({ $0.arrived(of: step.agents) }) { clock.stop() }
    return agent
  }

  /// Says what the job waits for, when that changes.
  private func showQueue() async {
    var last: String?
    while report.isQueued, let job = report.job, !hasEnded {
      let said = await SlurmCommand.output(
        "squeue", ["--noheader", "--jobs=\(job)", "--format=%T (%r), expected to start: %S"], within: .seconds(10))
      let line = said?.split(whereSeparator: \.isNewline).first.map(String.init)
      if let line, line != last, report.isQueued { cluster.tellQueueState(.slurm, "job \(job) waits: \(line)") }
      last = line ?? last
      if await process.waitForExit(atMost: Self.queuePeriod) != nil { return }
    }
  }

  // MARK: Its end

  private var hasEnded: Bool { ended.withLock { $0 } }
  private let ended = Mutex(false)

  private func watch() async {
    let status = await process.waitForExit()
    ended.withLock { $0 = true }
    let said = report.lines.suffix(10).map { "\n    | \($0)" }.joined()
    let hint = status.code == 127 ? " (is Slurm installed here?)" : ""
    agents.fail(ClusterError(.launchFailed, "srun \(status)\(hint) before all of its tasks had called back\(said)"))
  }

  /// Waits until it has ended, which it does when its agents have; ends it if it does not.
  func end(patience: Duration = .seconds(3)) async {
    if await process.waitForExit(atMost: patience) != nil { return }
    await cancel()
  }

  /// Ends it, and with it the step, and the job if it has asked for one.
  func cancel() async {
    agents.close()
    process.signal(SIGTERM)
    // Only srun itself can end a job of which nobody else knows the number.
    var patience = Duration.seconds(2)
    if case .newJob = step.place, report.job == nil { patience = .seconds(10) }
    if await process.waitForExit(atMost: patience) == nil {
      process.signal(SIGKILL)
      _ = await process.waitForExit()
    }
    guard case .newJob = step.place, let job = report.job else { return }
    _ = await SlurmCommand.output("scancel", ["--quiet", job], within: .seconds(5))
  }

  func waitForEnd(atMost duration: Duration) async -> Bool { await process.waitForExit(atMost: duration) != nil }

  /// One of its agents has left; returns whether that was the last.
  func agentHasLeft() -> Bool {
    left.withLock { $0.left() }
  }
}

/// How many agents have come and gone.
private struct Presence: Sendable {
  private var present = 0
  private var all = 0

  /// Returns whether all have come.
  mutating func arrived(of count: Int) -> Bool {
    present += 1
    all += 1
    return all == count
  }

  /// Returns whether that was the last.
  mutating func left() -> Bool {
    present -= 1
    return present <= 0
  }
}

/// Brings the lines of standard error to an `Srun` that is made after its process.
private final class SrunOutput: Sendable {
  private struct State: Sendable {
    var early: [String] = []
    weak var reader: Srun?
  }
  private let state = Mutex(State())

  /// The lines that came before it are brought first: under the lock, so that none can overtake them.
  func setReader(_ reader: Srun) {
    state.withLock { state in
      state.reader = reader
      for line in state.early { reader.hear(line) }
      state.early = []
    }
  }

  func forwarder(in cluster: Cluster) -> OutputForwarder {
    HeardOutput { [self] bytes, isError in
      // srun itself writes to standard error only.
      guard isError else { return OutputWriter.shared.write(bytes, isError: false, cluster) }
      for line in bytes.split(separator: UInt8(ascii: "\n")) {
        let line = String(decoding: line, as: UTF8.self)
        state.withLock { state in
          if let reader = state.reader { reader.hear(line) } else { state.early.append(line) }
        }
      }
    }.forwarder(in: cluster)
  }
}

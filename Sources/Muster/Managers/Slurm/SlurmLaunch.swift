import CMuster
import Logging
import Synchronization

/// The workers of one step: from its start to the end of its last agent.
final class SlurmLaunch: Sendable {
  private let srun: Srun
  private let fleet: HostFleet
  /// By their places: those of their nodes in the step, or the numbers of their tasks.
  private let agents: [Int: HostAgent]
  private let missing: String?
  /// Why an agent was lost, by its place.
  private let inquiries = Mutex<[Int: Task<String?, Never>]>([:])

  private init(_ srun: Srun, _ agents: [Int: HostAgent], missing: String?, exitTimeout: Duration) {
    self.srun = srun
    self.agents = agents
    self.missing = missing
    fleet = HostFleet(exitTimeout: exitTimeout, keepsOutput: srun.step.options.writesFiles) { [srun] _ in
      if srun.agentHasLeft() { await srun.end() }
    }
  }

  // MARK: The start

  /// Starts a step and waits until its agents have called back.
  ///
  /// - Throws: `ClusterError` `.launchFailed` or `.timeout`, with what srun said, when some do not, unless `options.atLeast`
  ///   allows it; `CancellationError`. Nothing of the step is left then.
  static func start(_ step: SlurmStep, _ options: AddprocsOptions, exitTimeout: Duration) async throws -> SlurmLaunch {
    let cluster = Cluster.current
    let srun = try Srun.start(step, options, in: cluster)
    var agents: [Int: HostAgent] = [:]
    var problem: String?
    defer { srun.agents.close() }
    do {
      while agents.count < step.agents {
        let agent = try await srun.nextAgent()
        guard let place = step.place(of: agent.report.variables), agents[place] == nil else {
          cluster.task { await agent.leave() }
          throw ClusterError(.launchFailed, "an agent on \(agent.report.host) called that is not of this step")
        }
        agents[place] = agent
      }
    } catch {
      let isTooFew = error is CancellationError || options.atLeast == nil || agents.isEmpty
      let reason = step.whatIsMissing(agents, (error as? ClusterError)?.message ?? "\(error)", srun.report)
      if isTooFew {
        // Also where this task has been cancelled: with patience.
        await cluster.shielded { [agents] in await Self.end(agents, srun) }
        if error is CancellationError { throw error }
        throw ClusterError((error as? ClusterError)?.code ?? .launchFailed, "addprocs: \(reason)", cause: error)
      }
      problem = reason
    }
    return SlurmLaunch(srun, agents, missing: problem, exitTimeout: exitTimeout)
  }

  /// How many workers it has room for.
  var workers: Int { srun.step.workers }

  /// Starts some of the workers of a request.
  ///
  /// - Throws: what is wrong with the placement.
  func launch(_ workers: [LaunchedWorker], _ request: LaunchRequest) async throws {
    let groups = try groups(workers, request)
    await withDiscardingTaskGroup { group in
      for (place, workers) in groups {
        guard let agent = agents[place] else {
          for worker in workers { request.failed(worker, reason: missing ?? "its agent did not call back") }
          continue
        }
        group.addTask { [fleet] in
          await fleet.launch(workers, on: agent, request)
          if workers.isEmpty { await fleet.releaseIfIdle(agent) }
        }
      }
    }
  }

  /// Which workers each agent starts. In a plan of ours each node has room for its own workers.
  private func groups(
    _ all: [LaunchedWorker], _ request: LaunchRequest
  ) throws -> [(place: Int, workers: [LaunchedWorker])] {
    guard case (.node, .nodes(let nodes)) = (srun.step.unit, srun.step.place) else {
      return all.enumerated().map { ($0.offset, [$0.element]) }
    }
    let present = nodes.indices.filter { agents[$0] != nil }
    let room = present.reduce(0) { $0 + nodes[$1].tasks }
    for worker in all.dropFirst(room) { request.failed(worker, reason: missing ?? "it has no node") }
    func node(_ place: Int) -> PlacementPlan.Node { agents[place]!.node(request.options, slots: nodes[place].tasks) }
    guard request.options.placement.spansNodes else {
      // As many as the job has tasks there, also where other workers have the cores already.
      var rest = all.prefix(room)
      return try present.map { place in
        let workers = Array(rest.prefix(nodes[place].tasks))
        rest = rest.dropFirst(workers.count)
        if !workers.isEmpty { try request.place(workers, on: node(place)) }
        return (place, workers)
      }
    }
    let plan = try request.place(Array(all.prefix(room)), on: present.map(node))
    return present.enumerated().map { index, place in
      (place, zip(all, plan.workers).filter { $0.1.node == index }.map(\.0))
    }
  }

  // MARK: The end

  /// Ends what has been started, before there are workers.
  func cancel() async { await Self.end(agents, srun) }

  private static func end(_ agents: [Int: HostAgent], _ srun: Srun) async {
    await withDiscardingTaskGroup { group in
      for agent in agents.values { group.addTask { await agent.leave(atMost: .seconds(1)) } }
    }
    await srun.cancel()
  }

  func kill(_ pid: ProcessID) async { await fleet.kill(pid) }

  /// What the agent knows, and if the agent has gone as well, what Slurm does.
  func lossReason(_ pid: ProcessID) async -> String? {
    let own = await fleet.lossReason(pid)
    guard let (task, agent) = agents.first(where: { $0.value.worker(pid) != nil }) else { return own }
    if let own {
      // Who kills a step kills a worker and its agent one after the other.
      let patience: Duration = own.hasPrefix(ExitStatus.killed) ? .milliseconds(300) : .zero
      guard await agent.isLost(within: patience) else { return own }
    }
    return await inquiry(task, agent).value ?? own
  }

  /// One for all workers of an agent: what is asked of Slurm must not grow with their number.
  private func inquiry(_ task: Int, _ agent: HostAgent) -> Task<String?, Never> {
    inquiries.withLock { inquiries in
      if let asked = inquiries[task] { return asked }
      let inquiry = SlurmInquiry(srun: srun, node: agent.report.variables["SLURMD_NODENAME"] ?? agent.report.host)
      let job = SlurmEnvironment.ownJob(agent.report.variables)
      let number = srun.step.unit == .task ? task : nil
      let cluster = Cluster.current
      let asked = Task(executorPreference: cluster.engine) {
        await Cluster.$taskCluster.withValue(cluster) { await inquiry.explanation(job: job, task: number) }
      }
      inquiries[task] = asked
      return asked
    }
  }
}

extension SlurmStep {
  /// Where in the step an agent is, by the variables that Slurm has given it.
  fileprivate func place(of variables: [String: String]) -> Int? {
    switch (unit, place) {
    case (.node, .nodes(let nodes)):
      let name = variables["SLURMD_NODENAME"]
      return nodes.firstIndex { $0.name == name }
    default: return variables["SLURM_PROCID"].flatMap { Int($0) }
    }
  }

  fileprivate func whatIsMissing(_ agents: [Int: HostAgent], _ reason: String, _ report: SrunReport) -> String {
    var missing = (0..<self.agents).filter { agents[$0] == nil }.map { "task \($0)" }
    if case (.node, .nodes(let nodes)) = (unit, place) {
      missing = nodes.indices.filter { agents[$0] == nil }.map { nodes[$0].name }
    }
    let job = report.job ?? environmentVariable("SLURM_JOB_ID")
    let said = reason.contains("|") ? "" : report.lines.suffix(5).map { "\n    | \($0)" }.joined()
    return
      "Slurm\(job.map { " job \($0)" } ?? ""): \(agents.count) of \(self.agents) agents have called back; missing: "
      + "\(missing.prefix(20).joined(separator: ", ")): \(reason)\(said)"
  }
}

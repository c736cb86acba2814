import Logging
import Synchronization

/// The agents of one manager, and which of its workers runs on which host: what every manager of workers on other hosts
/// does alike.
package final class HostFleet: Sendable {
  private struct State: Sendable {
    var agents: [ProcessID: HostAgent] = [:]
  }

  private let exitTimeout: Duration
  private let keepsOutput: Bool
  private let state = Mutex(State())
  private let onIdle: @Sendable (HostAgent) async -> Void

  /// - Parameters:
  ///   - exitTimeout: how long a worker that was asked to leave may take before it is sent SIGQUIT, and then, after as
  ///     long again, SIGKILL.
  ///   - keepsOutput: what workers write goes to where their agents' own output does, and not through process 1.
  ///   - onIdle: called when an agent has left because its last worker has.
  package init(
    exitTimeout: Duration = .seconds(5), keepsOutput: Bool = false,
    onIdle: @escaping @Sendable (HostAgent) async -> Void = { _ in }
  ) {
    self.exitTimeout = exitTimeout
    self.keepsOutput = keepsOutput
    self.onIdle = onIdle
  }

  /// Has an agent start workers, and reports each. They have been placed (`LaunchRequest.place`).
  ///
  /// - Parameters:
  ///   - config: what is to be known of all of them; what is missing is filled in. Its port is that of the first, the
  ///     others follow.
  ///   - directory: their working directory, if it is not the one of the options or else of process 1.
  ///   - environment: variables in addition to those of the options.
  package func launch(
    _ workers: [LaunchedWorker], on agent: HostAgent, _ request: LaunchRequest,
    _ config: WorkerConfig = WorkerConfig(), directory: String? = nil, environment: [String: String] = [:]
  ) async {
    var config = config
    config.host = config.host ?? agent.report.host
    config.exeflags = request.options.exeflags
    config.environ = request.options.env.merging(environment) { $1 }
    config.exename = config.exename ?? request.options.exename
    config.enableThreadedBLAS = request.options.enableThreadedBLAS
    for worker in workers { state.withLock { $0.agents[worker.pid] = agent } }
    warnOfFewDescriptors(agent, request)
    do {
      let configs = config.ofEach(workers.count)
      let outcomes = try await agent.start(
        zip(workers, configs).map { worker, config in
          WorkerOrder(
            pid: worker.pid, executable: config.exename, arguments: request.options.exeflags,
            environment: request.environment(for: worker).merging(environment) { $1 },
            directory: directory ?? request.options.dir ?? currentDirectory(), keepsOutput: keepsOutput,
            invitation: request.invitation(for: worker, from: agent, listeningAt: config.bindAddress, config.port))
        })
      for ((worker, config), outcome) in zip(zip(workers, configs), outcomes) {
        report(outcome, of: worker, on: agent, request, config)
      }
    } catch {
      for worker in workers { request.failed(worker, reason: "\(agent.report.host): \(error)") }
    }
  }

  /// Workers connect to each other when they need to: it may never hurt.
  private func warnOfFewDescriptors(_ agent: HostAgent, _ request: LaunchRequest) {
    let cluster = Cluster.current
    let needed = DescriptorLimit.neededByWorker(of: cluster.members.withLock { $0.procs.count } + request.workers.count)
    guard request.options.topology == .allToAll, needed > agent.report.descriptorLimit else { return }
    let message =
      "\(agent.report.host): a worker that is connected to all others needs about \(needed) open files and connections, "
      + "and may have \(agent.report.descriptorLimit) there (ulimit -Hn): use the topology masterWorker, or have it raised"
    cluster.logger(.hosts).warning("\(message)")
  }

  private func report(
    _ outcome: StartWorkers.Outcome, of worker: LaunchedWorker, on agent: HostAgent, _ request: LaunchRequest,
    _ config: WorkerConfig
  ) {
    guard let osPID = outcome.osPID else {
      return request.failed(worker, reason: "\(agent.report.host): \(outcome.failure ?? "it was not started")")
    }
    var config = config
    config.ospid = osPID
    request.started(worker, config)
    let hosted = agent.worker(worker.pid)
    Cluster.current.task {
      guard let end = await hosted?.waitForEnd() else { return }
      request.failed(
        worker, reason: "\(agent.report.host): \(end.reason) before it joined", output: end.lastLines)
    }
  }

  /// As `ClusterManager.kill`.
  package func kill(_ pid: ProcessID) async {
    guard let agent = state.withLock({ $0.agents[pid] }) else { return }
    let patience = Cluster.current.hasAskedToLeave(pid) ? exitTimeout : .zero
    await agent.endWorker(pid, patience: patience)
    state.withLock { $0.agents[pid] = nil }
    await releaseIfIdle(agent)
  }

  /// The agent that has started a worker.
  func agent(of pid: ProcessID) -> HostAgent? { state.withLock { $0.agents[pid] } }

  /// As `ClusterManager.lossReason`.
  package func lossReason(_ pid: ProcessID) async -> String? {
    guard let worker = state.withLock({ $0.agents[pid] })?.worker(pid) else { return nil }
    return await worker.waitForEnd(atMost: .milliseconds(500), Cluster.current.engine)?.reason
  }

  /// The agent leaves if it has nothing to do any more.
  package func releaseIfIdle(_ agent: HostAgent) async {
    let isIdle = state.withLock { state in !state.agents.values.contains { $0 === agent } }
    guard isIdle, agent.release() else { return }
    await agent.leave()
    await onIdle(agent)
  }
}

extension WorkerConfig {
  /// Of workers of one host, of which no two can listen at the same port: it counts up.
  fileprivate func ofEach(_ count: Int) -> [WorkerConfig] {
    (0..<count).map { index in
      var config = self
      config.port = port.map { $0 + UInt16(index) }
      return config
    }
  }
}

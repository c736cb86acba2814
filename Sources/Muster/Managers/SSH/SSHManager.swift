import Logging
import Synchronization

/// Starts workers on other hosts, over ssh: Julia's `SSHManager`.
///
/// There is one ssh for each host, whatever the number of its workers: it starts an agent, which tells what the host is
/// and starts the workers there, each bound to its own cores. The secret goes by the standard input of ssh. Workers dial
/// process 1 over whatever address works (`options.interface` chooses), or through ssh (`tunnel`).
///
/// The executable must be there, at the same path (or `exename`), and be the same build.
public final class SSHManager: ClusterManager, CustomStringConvertible {
  /// Where, and how many workers each.
  public let machines: [MachineSpec]
  let options: SSHOptions
  private let fleet: HostFleet
  private let sessions: SessionTable
  /// What `workerCount` has found out, for the `launch` that follows.
  private let prepared = Mutex<SSHPreparation?>(nil)

  /// - Parameters:
  ///   - machines: where, and how many workers each.
  ///   - options: how; what is not ssh's own is what `defaultOptions` says.
  ///   - exitTimeout: how long a worker that was asked to leave may take before it is sent SIGQUIT, and then, after as
  ///     long again, SIGKILL.
  public init(_ machines: [MachineSpec], options: SSHOptions = .init(), exitTimeout: Duration = .seconds(5)) {
    self.machines = machines
    self.options = options
    let sessions = SessionTable()
    self.sessions = sessions
    fleet = HostFleet(exitTimeout: exitTimeout) { agent in await sessions.close(agent) }
  }

  public var description: String { "SSHManager(\(machines.map(\.description).joined(separator: ", ")))" }

  public var defaultOptions: AddprocsOptions { options.base }

  /// Process 1 and the workers listen on the network, unless all goes through ssh.
  public func needsNetwork(_ options: AddprocsOptions) -> Bool { !self.options.tunnel }

  public func workerCount() throws -> Int {
    try machines.reduce(0) { sum, machine in
      guard let count = machine.count.exactValue else {
        throw ClusterError(
          .invalidArgument, "\(machine.host): how many cores it has is found out by addprocs, which logs in")
      }
      return sum + count
    }
  }

  /// Logs in to all hosts, `maxParallel` at once, and asks what they are.
  public func workerCount(_ options: AddprocsOptions) async throws -> Int {
    var all = self.options
    all.base = options
    try all.validate()
    guard !machines.isEmpty else { throw ClusterError(.invalidArgument, "addprocs: the list of machines is empty") }
    for machine in machines { try machine.validate() }
    let preparation = try await SSHPreparation.logIn(machines, all, sessions)
    prepared.withLock { $0 = preparation }
    return preparation.workerCount
  }

  /// What was prepared is not needed.
  public func cancelLaunch() async {
    guard let preparation = prepared.withLock({ $0.take() }) else { return }
    await release(preparation)
  }

  private func release(_ preparation: SSHPreparation) async {
    await withDiscardingTaskGroup { group in
      for agent in preparation.agents { group.addTask { [fleet] in await fleet.releaseIfIdle(agent) } }
    }
  }

  public func launch(_ request: LaunchRequest) async throws {
    guard let preparation = prepared.withLock({ $0.take() }) else {
      throw ClusterError(.invalidArgument, "SSHManager.launch: workerCount(_:) has not been called before")
    }
    let assignments = preparation.assignments(of: request.workers)
    do {
      for agent in preparation.agents {
        let workers = assignments.filter { (try? $0.agent.get()) === agent }.flatMap(\.workers)
        if !workers.isEmpty { try request.place(workers, on: agent.node(request.options)) }
      }
    } catch {
      await release(preparation)
      throw error
    }
    await withDiscardingTaskGroup { group in
      for assignment in assignments {
        switch assignment.agent {
        case .failure(let failure):
          for worker in assignment.workers {
            request.failed(worker, reason: failure.description, output: failure.output)
          }
        case .success(let agent): group.addTask { [self] in await start(assignment, on: agent, request) }
        }
      }
    }
  }

  private func start(_ assignment: SSHPreparation.Assignment, on agent: HostAgent, _ request: LaunchRequest) async {
    let machine = assignment.machine
    var config = WorkerConfig()
    config.host = machine.host
    config.port = machine.bindPort
    config.bindAddress = machine.bindAddress
    config.exename = machine.exename
    config.sshflags = options.sshflags
    config.tunnel = options.tunnel
    config.multiplex = options.multiplex
    config.maxParallel = options.maxParallel
    await fleet.launch(
      assignment.workers, on: agent, request, config, directory: machine.dir, environment: machine.env)
  }

  public func kill(_ pid: ProcessID, _ config: WorkerConfig) async throws { await fleet.kill(pid) }

  public func lossReason(_ pid: ProcessID, _ config: WorkerConfig) async -> String? { await fleet.lossReason(pid) }
}

/// The ssh of each agent.
final class SessionTable: Sendable {
  private let sessions = Mutex<[SSHSession]>([])

  func add(_ session: SSHSession) { sessions.withLock { $0.append(session) } }

  func close(_ agent: HostAgent) async {
    let found = sessions.withLock { sessions -> SSHSession? in
      guard let index = sessions.firstIndex(where: { $0.agent === agent }) else { return nil }
      return sessions.remove(at: index)
    }
    await found?.close()
  }
}

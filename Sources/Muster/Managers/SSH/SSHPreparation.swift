import Synchronization

/// The hosts of a list of machines, logged in to, and how many workers each entry stands for.
struct SSHPreparation: Sendable {
  /// The workers of one entry of the list.
  struct Assignment: Sendable {
    let machine: MachineSpec
    let agent: Result<HostAgent, SSHSession.Failure>
    let workers: [LaunchedWorker]
  }

  private struct Entry: Sendable {
    let machine: MachineSpec
    let agent: Result<HostAgent, SSHSession.Failure>
    let count: Int
  }

  private let entries: [Entry]

  var workerCount: Int { entries.reduce(0) { $0 + $1.count } }

  /// Those that are there, each once.
  var agents: [HostAgent] {
    entries.reduce(into: []) { agents, entry in
      guard case .success(let agent) = entry.agent, !agents.contains(where: { $0 === agent }) else { return }
      agents.append(agent)
    }
  }

  /// The workers in the order of the list.
  func assignments(of workers: [LaunchedWorker]) -> [Assignment] {
    var rest = workers[...]
    return entries.map { entry in
      defer { rest = rest.dropFirst(entry.count) }
      return Assignment(machine: entry.machine, agent: entry.agent, workers: Array(rest.prefix(entry.count)))
    }
  }

  /// One login for each host, however often it is in the list.
  static func logIn(
    _ machines: [MachineSpec], _ options: SSHOptions, _ sessions: SessionTable
  ) async throws -> SSHPreparation {
    var first: [SSHCommand.Login: MachineSpec] = [:]
    var order: [SSHCommand.Login] = []
    for machine in machines where first[SSHCommand.Login(machine)] == nil {
      first[SSHCommand.Login(machine)] = machine
      order.append(SSHCommand.Login(machine))
    }
    let results = await logIn(order, first, options, sessions)
    do {
      try Task.checkCancellation()
      return SSHPreparation(
        entries: try machines.map { machine in
          let agent = results[SSHCommand.Login(machine)]!
          return Entry(machine: machine, agent: agent, count: try count(of: machine, agent, options.base))
        })
    } catch {
      let agents = results.values.compactMap { try? $0.get() }
      await Cluster.current.shielded { await dismiss(agents, sessions) }
      throw error
    }
  }

  private static func dismiss(_ agents: [HostAgent], _ sessions: SessionTable) async {
    await withDiscardingTaskGroup { group in
      for agent in agents {
        group.addTask {
          await agent.leave()
          await sessions.close(agent)
        }
      }
    }
  }

  /// - Returns: not all of them when this task is cancelled.
  private static func logIn(
    _ order: [SSHCommand.Login], _ machines: [SSHCommand.Login: MachineSpec], _ options: SSHOptions,
    _ sessions: SessionTable
  ) async -> [SSHCommand.Login: Result<HostAgent, SSHSession.Failure>] {
    let cluster = Cluster.current
    typealias Outcome = (SSHCommand.Login, Result<HostAgent, SSHSession.Failure>)
    return await withTaskGroup(of: Outcome.self) { group in
      var results: [SSHCommand.Login: Result<HostAgent, SSHSession.Failure>] = [:]
      for (number, login) in order.enumerated() {
        if number >= options.maxParallel, let (done, result) = await group.next() { results[done] = result }
        if Task.isCancelled { break }
        let machine = machines[login]!
        group.addTask {
          do {
            let session = try await SSHSession.open(
              login, exename: machine.exename, dir: machine.dir ?? options.dir, options, cluster)
            sessions.add(session)
            return (login, .success(session.agent))
          } catch let failure as SSHSession.Failure {
            return (login, .failure(failure))
          } catch {
            return (login, .failure(SSHSession.Failure(login: login, reason: "\(error)", output: [])))
          }
        }
      }
      for await (login, result) in group { results[login] = result }
      return results
    }
  }

  /// A host that could not be asked how many cores it has stands for one worker, which fails.
  private static func count(
    of machine: MachineSpec, _ agent: Result<HostAgent, SSHSession.Failure>, _ options: AddprocsOptions
  ) throws -> Int {
    if let count = machine.count.exactValue { return count }
    guard case .success(let agent) = agent else { return 1 }
    var options = options
    options.reservedCores = agent.reservedCores(options)
    let count = try machine.count.resolve(
      on: { () throws(ClusterError) in agent.report.topology }, quota: agent.report.cpuQuota, options)
    try machine.requirePorts(for: count)
    return count
  }
}

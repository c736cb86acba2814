import Glibc
import Synchronization

/// Starts an agent on each host of the job that this process runs in, by the first of several means that works.
struct PBSInsideLaunch: Sendable {
  private typealias Target = PBSStarter.Target

  private let allocation: PBSAllocation
  private let options: AddprocsOptions
  private let deadline: ContinuousClock.Instant

  init(_ allocation: PBSAllocation, _ options: AddprocsOptions) {
    self.allocation = allocation
    self.options = options
    deadline = .now + options.timeout
  }

  func run(_ starters: [PBSStarter], _ arrivals: PBSArrivals) async throws {
    let available = starters.filter { PBSCommand.path(of: $0.rawValue) != nil }
    guard !available.isEmpty else {
      let names = starters.map(\.rawValue).joined(separator: ", ")
      throw ClusterError(.launchFailed, "PBSManager: there is none of \(names) here to start workers with")
    }
    var missing = allocation.targets
    for (number, starter) in available.enumerated() where !missing.isEmpty && ContinuousClock.now < deadline {
      // One that hangs leaves the others their part of the time.
      let part = ContinuousClock.now + (deadline - .now) / (available.count - number)
      let arrived = try await start(missing, by: starter, arrivals, firstBy: part)
      missing.removeAll { arrived.contains($0.index) }
    }
  }

  /// - Parameter first: by when the first agent must have called back; then it is known to work.
  /// - Returns: which hosts have an agent now.
  private func start(
    _ targets: [Target], by starter: PBSStarter, _ arrivals: PBSArrivals, firstBy first: ContinuousClock.Instant
  ) async throws -> Set<Int> {
    let agents = try HostAgents.expect(targets.count, options)
    defer { agents.close() }
    let files = try PBSInvitations(agents.invitation, options, in: nil)
    defer {
      files.directory.remove()
      Cluster.current.task { await files.guardian.end() }
    }
    try files.directory.write(targets.map { "\($0.host) slots=1\n" }.joined(), to: "hosts")
    let commands = starter.commands(for: targets, scripts: files.scripts, hostfile: "\(files.directory.path)/hosts")
    let watch = PBSStarterWatch(targets.count, commands: commands.count, agents)
    do {
      try watch.start(commands)
      while !watch.isSettled {
        let agent = try await agents.next(within: (watch.hasAny ? deadline : first) - .now)
        guard let place = place(of: agent, in: targets, by: starter), !watch.hasArrived(place) else {
          await agent.leave()
          continue
        }
        arrivals.add(agent, order: targets[place].index, workers: allocation.count(of: targets[place]))
        watch.arrived(place)
      }
    } catch let error as ClusterError {
      let absent = targets.indices.filter { !watch.hasArrived($0) }.map { targets[$0].host }
      arrivals.complain("\(starter.rawValue) on \(NodeList(absent)): \(error)\(watch.output)")
      watch.stop()
    } catch {
      watch.stop()
      throw error
    }
    return Set(targets.indices.filter(watch.hasArrived).map { targets[$0].index })
  }
}

extension PBSInsideLaunch {
  /// The host on which an agent is: by its place in the job, which it was told. Under mpirun it was told its rank, and only
  /// where hosts have other names than in the job is that what counts.
  private func place(of agent: HostAgent, in targets: [Target], by starter: PBSStarter) -> Int? {
    let number = agent.report.variables["PBS_MUSTER_NODE"].flatMap { Int($0) }
    guard starter == .mpirun else { return targets.firstIndex { $0.index == number } }
    if let named = targets.firstIndex(where: { Allocation.isSame($0.host, agent.report.host) }) { return named }
    return number.flatMap { targets.indices.contains($0) ? $0 : nil }
  }
}

/// The starters of one attempt: when those of all hosts that have not arrived have ended, nobody more will come.
private final class PBSStarterWatch: Sendable {
  private struct State: Sendable {
    var running: [PBSCommand.Running] = []
    var arrived: Set<Int> = []
    /// Numbers of the commands that have ended.
    var ended: Set<Int> = []
  }

  private let hosts: Int
  private let commands: Int
  private let agents: HostAgents
  private let state = Mutex(State())

  init(_ hosts: Int, commands: Int, _ agents: HostAgents) {
    self.hosts = hosts
    self.commands = commands
    self.agents = agents
  }

  func start(_ words: [[String]]) throws {
    for (number, words) in words.enumerated() {
      let running = try PBSCommand.start(words)
      state.withLock { $0.running.append(running) }
      Cluster.current.task { [self] in
        _ = await running.child.waitForExit()
        state.withLock { _ = $0.ended.insert(number) }
        failIfHopeless()
      }
    }
  }

  func arrived(_ host: Int) {
    state.withLock { _ = $0.arrived.insert(host) }
    failIfHopeless()
  }

  func hasArrived(_ host: Int) -> Bool { state.withLock { $0.arrived.contains(host) } }

  var hasAny: Bool { state.withLock { !$0.arrived.isEmpty } }

  var isSettled: Bool { state.withLock { $0.arrived.count == hosts } }

  /// One command is for one host, or one for all.
  private func failIfHopeless() {
    let isHopeless = state.withLock { state in
      let absent = (0..<hosts).filter { !state.arrived.contains($0) }
      return !absent.isEmpty && absent.allSatisfy { state.ended.contains(commands == hosts ? $0 : 0) }
    }
    if isHopeless { agents.fail(ClusterError(.launchFailed, "it has ended without having started a worker")) }
  }

  /// What those have said that have ended.
  var output: String {
    let texts = state.withLock { state in state.ended.sorted().map { state.running[$0].output.text.trimmed } }
    return texts.filter { !$0.isEmpty }.map { "\n    | \($0.suffix(2_000))" }.joined()
  }

  /// Ends the starters of hosts that have not arrived.
  func stop() {
    let idle = state.withLock { state in
      state.running.indices.filter { commands == hosts ? !state.arrived.contains($0) : state.arrived.isEmpty }
        .map { state.running[$0].child }
    }
    for child in idle { child.signal(SIGTERM) }
  }
}

import Glibc
import Logging
import Synchronization

/// One ssh, and the agent that it has started on a host.
final class SSHSession: Sendable {
  let agent: HostAgent
  private let child: ChildProcess
  /// Where its connection may be used by others, too.
  private let login: SSHCommand.Login?

  private init(agent: HostAgent, child: ChildProcess, login: SSHCommand.Login?) {
    self.agent = agent
    self.child = child
    self.login = login
  }

  /// Logs in and waits for the agent.
  ///
  /// - Throws: `Failure`; `CancellationError`; `ClusterError` where nothing can be started at all.
  static func open(
    _ login: SSHCommand.Login, exename: String?, dir: String?, _ options: SSHOptions, _ cluster: Cluster
  ) async throws -> SSHSession {
    let tunnel = options.tunnel ? try tunnel(cluster, options) : nil
    var command = try command(login, exename: exename, dir: dir, options, socket: tunnel?.remote)
    command.tunnel = tunnel
    if options.multiplex { command.controlPath = "\(try cluster.socketDirectory().path)/s-%C" }
    let agents = try HostAgents.expect(1, options.base, at: tunnel.map { [.unix(path: $0.remote)] })
    defer { agents.close() }
    let output = SSHOutput(login, cluster)
    let child: ChildProcess
    do {
      child = try ChildProcess.spawn(
        ChildProcess.Command(
          executable: options.ssh, arguments: command.arguments, environment: currentEnvironment(), directory: nil,
          input: agents.invitation, option: "options.ssh"),
        engine: cluster.engine, output: output.forwarder)
    } catch let error as ClusterError {
      throw Failure(login: login, reason: error.message, output: [])
    }
    let shared = options.multiplex ? login : nil
    if let shared { cluster.launching.withLock { $0.sharedLogins[shared, default: SharedLogin()].open(child) } }
    cluster.task {
      let status = await child.waitForExit()
      agents.fail(ClusterError(.launchFailed, "ssh \(status)" + (status.code == 127 ? " (no such executable)" : "")))
    }
    do {
      let agent = try await agents.next(within: options.timeout)
      output.agentIsThere()
      return SSHSession(agent: agent, child: child, login: shared)
    } catch {
      await cluster.shielded { await end(child, shared) }
      if error is CancellationError { throw error }
      throw Failure(
        login: login, reason: (error as? ClusterError)?.message ?? "\(error)", output: output.forwarder.lastLines)
    }
  }

  /// Why there is no agent on a host.
  struct Failure: Error, CustomStringConvertible {
    let login: SSHCommand.Login
    let reason: String
    /// The last that ssh or the host said.
    let output: [String]

    var description: String { "\(login): \(reason)" }
  }

  /// The agent has left, or is lost: its ssh ends.
  func close() async { await Self.end(child, login) }

  /// One whose connection others use ends after the last of them: it is the connection.
  private static func end(_ child: ChildProcess, _ login: SSHCommand.Login?) async {
    guard let login else { return await end(child) }
    let rest = Cluster.current.launching.withLock { state in
      let rest = state.sharedLogins[login]?.close(child) ?? [child]
      if state.sharedLogins[login]?.isEmpty == true { state.sharedLogins[login] = nil }
      return rest
    }
    await withDiscardingTaskGroup { group in
      for child in rest { group.addTask { await end(child) } }
    }
  }

  private static func end(_ child: ChildProcess) async {
    if await child.waitForExit(atMost: .milliseconds(500)) != nil { return }
    child.signal(SIGTERM)
    if await child.waitForExit(atMost: .seconds(2)) != nil { return }
    child.signal(SIGKILL)
    _ = await child.waitForExit()
  }

  // MARK: What runs on the host

  /// - Parameter socket: where the agent finds process 1 through a tunnel.
  static func command(
    _ login: SSHCommand.Login, exename: String?, dir: String?, _ options: SSHOptions, socket: String? = nil
  ) throws -> SSHCommand {
    SSHCommand(
      login: login, command: try remoteCommand(exename: exename, dir: dir, options, socket: socket),
      flags: options.sshflags, connectTimeout: max(1, Int(options.timeout.components.seconds)))
  }

  private static func remoteCommand(
    exename: String?, dir: String?, _ options: SSHOptions, socket: String?
  ) throws -> String {
    let executable = try exename ?? options.exename ?? LocalManager.ownExecutable()
    // The agent needs no directory of its own, unless its name is meant from there.
    let isRelative = executable.contains("/") && !executable.hasPrefix("/")
    return options.shell.command([executable, Invitation.flag], in: isRelative ? dir : nil, removing: socket)
  }

  /// A Unix socket there leads to ours here: nobody else can open either.
  private static func tunnel(_ cluster: Cluster, _ options: SSHOptions) throws -> SSHCommand.Tunnel {
    let addresses = try cluster.listen(for: .unix, restrict: true, backlog: 128)
    guard case .unix(let local) = addresses.first else {
      throw ClusterError(.launchFailed, "process 1 has no Unix socket for a tunnel")
    }
    return SSHCommand.Tunnel(remote: "/tmp/muster-\(Cookie().hex.prefix(32)).sock", local: local)
  }
}

/// The sessions with one host that share a connection, which is that of the first of them.
struct SharedLogin: Sendable {
  private var open = 0
  private var children: [ChildProcess] = []

  var isEmpty: Bool { open == 0 }

  mutating func open(_ child: ChildProcess) {
    open += 1
    children.append(child)
  }

  /// A session is not needed any more.
  ///
  /// - Returns: whose processes are to be ended now: at the end of the last session all, before that not the first.
  mutating func close(_ child: ChildProcess) -> [ChildProcess] {
    open -= 1
    children.removeAll(where: \.hasEnded)
    if open == 0 { return children }
    guard let index = children.firstIndex(where: { $0 === child }), index > 0 else { return [] }
    return [children.remove(at: index)]
  }
}

/// What ssh and the host say: the last of it is kept for an explanation; it is passed on when the agent is there, because
/// before that it is what a profile or a banner prints at every login.
private final class SSHOutput: Sendable {
  let forwarder: OutputForwarder
  private let isPassedOn: Flag

  private final class Flag: Sendable {
    let isSet = Atomic<Bool>(false)
  }

  init(_ login: SSHCommand.Login, _ cluster: Cluster) {
    let flag = Flag()
    isPassedOn = flag
    let writer = OutputWriter { bytes, isError in
      guard flag.isSet.load(ordering: .relaxed) else { return }
      await OutputWriter.shared.writeAndWait(bytes, isError: isError, cluster)
    }
    forwarder = OutputForwarder(
      prefix: "From host \(login):\t", engine: cluster.engine, cluster: cluster, writer: writer)
  }

  func agentIsThere() { isPassedOn.isSet.store(true, ordering: .relaxed) }
}

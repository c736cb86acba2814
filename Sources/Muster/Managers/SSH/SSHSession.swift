import Glibc
import Logging
import Synchronization

/// One ssh, and the agent that it has started on a host.
final class SSHSession: Sendable {
  let agent: HostAgent
  private let child: ChildProcess

  private init(agent: HostAgent, child: ChildProcess) {
    self.agent = agent
    self.child = child
  }

  /// Logs in and waits for the agent.
  ///
  /// - Parameter command: made of where a tunnel begins on the host, if there is one.
  /// - Throws: `Failure`; `ClusterError` where nothing can be started at all.
  static func open(
    _ login: SSHCommand.Login, exename: String?, dir: String?, _ options: SSHOptions, _ cluster: Cluster
  ) async throws -> SSHSession {
    var command = try command(login, exename: exename, dir: dir, options)
    if options.tunnel { command.tunnel = try tunnel(cluster, options) }
    if options.multiplex { command.controlPath = "\(try cluster.socketDirectory().path)/s-%C" }
    let agents = try HostAgents.expect(1, options.base, at: command.tunnel.map { [.unix(path: $0.remote)] })
    defer { agents.close() }
    let output = SSHOutput(login, cluster)
    let child: ChildProcess
    do {
      child = try ChildProcess.spawn(
        ChildProcess.Command(
          executable: options.ssh, arguments: command.arguments, environment: currentEnvironment(), directory: nil,
          input: agents.invitation),
        engine: cluster.engine, output: output.forwarder)
    } catch let error as ClusterError {
      throw Failure(login: login, reason: error.message, output: [])
    }
    cluster.task {
      let status = await child.waitForExit()
      agents.fail(ClusterError(.launchFailed, "ssh \(status)" + (status.code == 127 ? " (no such executable)" : "")))
    }
    do {
      let agent = try await agents.next(within: options.timeout)
      output.agentIsThere()
      return SSHSession(agent: agent, child: child)
    } catch {
      await end(child)
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
  func close() async { await Self.end(child) }

  private static func end(_ child: ChildProcess) async {
    if await child.waitForExit(atMost: .milliseconds(500)) != nil { return }
    child.signal(SIGTERM)
    if await child.waitForExit(atMost: .seconds(2)) != nil { return }
    child.signal(SIGKILL)
    _ = await child.waitForExit()
  }

  // MARK: What runs on the host

  /// Without a tunnel and other sockets.
  static func command(
    _ login: SSHCommand.Login, exename: String?, dir: String?, _ options: SSHOptions
  ) throws -> SSHCommand {
    SSHCommand(
      login: login, command: try remoteCommand(exename: exename, dir: dir, options), flags: options.sshflags,
      connectTimeout: max(1, Int(options.timeout.components.seconds)))
  }

  private static func remoteCommand(exename: String?, dir: String?, _ options: SSHOptions) throws -> String {
    let executable = try exename ?? options.exename ?? LocalManager.ownExecutable()
    // The agent needs no directory of its own, unless its name is meant from there.
    let isRelative = executable.contains("/") && !executable.hasPrefix("/")
    return options.shell.command([executable, Invitation.flag], in: isRelative ? dir : nil)
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
      OutputWriter.shared.write(bytes, isError: isError, cluster)
    }
    forwarder = OutputForwarder(
      prefix: "From host \(login):\t", engine: cluster.engine, cluster: cluster, writer: writer)
  }

  func agentIsThere() { isPassedOn.isSet.store(true, ordering: .relaxed) }
}

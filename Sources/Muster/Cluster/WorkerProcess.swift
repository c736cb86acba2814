import CMuster
import Glibc
import Logging
import Synchronization

/// The life of a process that was launched as a worker.
enum WorkerProcess {
  private static let invitationTaken = Atomic<Bool>(false)
  /// Where the Unix sockets of this node are; removed by the workers if process 1 could not.
  private static let directory = Mutex<String?>(nil)
  /// Where it was told to listen.
  private static let listenAt = Mutex<TransportAddress?>(nil)
  /// What the kernel did not grant when this worker bound itself.
  static let bindingRefusal = Mutex<String?>(nil)

  /// Whether this process was launched as a worker: its first argument says so.
  static var isInvited: Bool {
    let arguments = ProgramArguments.current
    return arguments.count > 1 && (arguments[1] == Invitation.flag || arguments[1].hasPrefix(ForeignWorker.flag))
  }

  /// A worker whose program does not begin with `becomeWorkerIfLaunchedAsOne` would start workers of its own, and so on.
  static func requireConsumedInvitation() throws(ClusterError) {
    guard !isInvited || invitationTaken.load(ordering: .relaxed) else {
      throw ClusterError(
        .notAWorker,
        "this process was launched as a worker, but runs the program: conform to ClusterProgram, or begin main() with "
          + "`await becomeWorkerIfLaunchedAsOne()`")
    }
  }

  /// Serves until the cluster is over; does not return.
  static func serve() async -> Never {
    invitationTaken.store(true, ordering: .relaxed)
    if let entry = ForeignWorker.entry { await entry.serve() }
    // Here and now, before the Engine has threads: they inherit what this one is bound to.
    let invitation = Result { () throws(ClusterError) in try readInvitation() }
    if let binding = try? invitation.get().binding { bindingRefusal.withLock { $0 = binding.apply() } }
    // A batch system warns all processes of a step; process 1 decides what comes of it.
    if environmentVariable("SLURM_STEP_ID") != nil {
      for warning in AllocationWarning.allCases { muster_survive_signal(warning.signal) }
    }
    await serve {
      let invitation = try invitation.get()
      // No mark of the worker stays for user code, or for a child of it, to see.
      ProgramArguments.hide(1...1)
      closeStandardInput()
      if let parent = invitation.parent { endWith(parent) }
      directory.withLock { $0 = invitation.socketDirectory }
      listenAt.withLock { $0 = invitation.listenAt }
      try await join(invitation)
    }
  }

  /// Begins as `body` says, and then serves until the cluster is over.
  static func serve(_ body: @Sendable () async throws -> Void) async -> Never {
    do {
      // On the Engine, whose threads never end: PR_SET_PDEATHSIG is forgotten with the thread that asked for it.
      try await Cluster.process.run {
        try await body()
        await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
      }
    } catch {
      printError("muster worker: \(error)")
      exit(1)
    }
    fatalError("a worker ends by exit")
  }

  // MARK: The invitation

  private static func readInvitation() throws(ClusterError) -> Invitation {
    try Invitation(text: readStandardInput(until: "\n\n"))
  }

  /// Reads one byte at a time: what follows, if anything, is not ours.
  static func readStandardInput(until end: String) -> String {
    var text: [UInt8] = []
    var byte: UInt8 = 0
    while text.count < Invitation.maximumSize, read(STDIN_FILENO, &byte, 1) == 1 {
      text.append(byte)
      if text.suffix(end.utf8.count).elementsEqual(end.utf8) { break }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Not closed: the next file that is opened would become it.
  static func closeStandardInput() {
    let null = open("/dev/null", O_RDONLY)
    guard null >= 0 else { return }
    dup2(null, STDIN_FILENO)
    close(null)
  }

  private static func endWith(_ parent: Int32) {
    // SIGKILL ends a stopped worker, too. The directory of the sockets is removed by the next cluster of this user.
    muster_die_with_parent(SIGKILL)
    // It may have gone before we asked.
    if getppid() != parent { _exit(1) }
  }

  // MARK: Joining

  static func join(_ invitation: Invitation) async throws {
    let cluster = Cluster.process
    try cluster.becomeWorker(cookie: invitation.cookie, manager: DefaultClusterManager(), ticket: invitation.ticket)
    let deadline = muster_now() &+ UInt64(invitation.timeout.nanoseconds)
    var attempt = 0
    while true {
      do {
        let connection = try await dial(invitation, cluster)
        if invitation.isAgent { AgentProcess.shared.arrive(invitation, over: connection) }
        try cluster.adopt(connection, from: 1)
        if invitation.isAgent { PassOnWarning.begin(in: cluster) }
        return
      } catch let error as ClusterError where error.code == .refused {
        throw error
      } catch {
        attempt += 1
        guard muster_now() < deadline else {
          throw ClusterError(.timeout, "process 1 could not be reached within \(invitation.timeout): \(error)")
        }
        await pause(attempt, cluster)
      }
    }
  }

  private static func dial(_ invitation: Invitation, _ cluster: Cluster) async throws -> any Connection {
    let connection = try await cluster.dialAny(
      invitation.addresses, of: invitation.node ?? .current, from: 0, to: 1, ticket: invitation.ticket)
    guard let connection else {
      throw ClusterError(
        .notConnected,
        "process 1 listens at \(invitation.addresses.map(\.description).joined(separator: ", ")), "
          + "which cannot be reached from \(hostName())")
    }
    return connection
  }

  /// Workers that were turned away together must not come back together.
  private static func pause(_ attempt: Int, _ cluster: Cluster) async {
    let longest = min(10_000_000 << min(attempt, 7), 1_000_000_000)
    await withUnsafeContinuation { continuation in
      cluster.engine.schedule(after: .nanoseconds(Int64.random(in: 1_000_000...Int64(longest)))) {
        continuation.resume()
      }
    }
  }

  /// Process 1 has answered: this is who we are.
  static func accept(_ welcome: Welcome) throws -> PeerInfo {
    let cluster = Cluster.current
    cluster.log.become(welcome.pid)
    cluster.log.adopt(welcome.log)
    cluster.members.withLock { members in
      members.become(welcome.pid)
      members.topology = welcome.topology
      members.join(welcome.process1)
    }
    // A manager with a transport of its own listens in its own way.
    if welcome.topology != .masterWorker, cluster.launching.withLock({ $0.manager is DefaultClusterManager }) {
      if socketDirectory == nil, welcome.process1.node == .current { directory.withLock { $0 = welcome.directory } }
      try listen(cluster, welcome)
    }
    cluster.startHeartbeat(timeout: .nanoseconds(welcome.heartbeatTimeout))
    return cluster.myInfo
  }

  private static func listen(_ cluster: Cluster, _ welcome: Welcome) throws {
    let place = listenAt.withLock { $0 }
    _ = try cluster.listen(
      for: welcome.transport, restrict: welcome.restrict || place != nil, interface: welcome.interface, backlog: 1024,
      directory: socketDirectory)
    if !welcome.restrict, case .tcp(let host, let port) = place {
      _ = try cluster.listenOnTCP(host: host, port: port, backlog: 1024)
    }
  }

  /// Where the Unix sockets of process 1 are, if it runs on this node; otherwise a worker makes a directory of its own.
  static var socketDirectory: String? { directory.withLock { $0 } }

  // MARK: The end

  /// This process is about to exit: process 1 has asked for it.
  static let isLeaving = Atomic<Bool>(false)

  /// Without process 1 a worker has nothing to live for.
  static func endWithoutProcess1(reason: String) {
    // What runs at its exit (the end of MPI, say) may take longer than process 1 keeps the connection.
    if isLeaving.load(ordering: .relaxed) { return }
    Cluster.process.logger.debug("process 1 was lost: \(reason)")
    fflush(nil)
    // A directory of our own; then that of all workers of this node, unless it is only this one that has lost process 1.
    Cluster.process.stopListening()
    AgentProcess.removeTunnel()
    if let directory = directory.withLock({ $0 }) { SocketDirectory.removeIfLeft(directory) }
    _exit(1)
  }
}

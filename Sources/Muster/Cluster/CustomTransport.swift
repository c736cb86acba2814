import CMuster
import Glibc
import Logging
import Synchronization

/// Makes a process that was launched by a manager of your own a worker: Julia's `init_worker`.
///
/// It has no number yet and waits for process 1: either `processMessages` is called here with a connection that process
/// 1 has opened, or with one that was opened to it (`incoming: false`). If none of the two happens for
/// `MUSTER_WORKER_TIMEOUT` seconds (60), the process exits, and so it does when process 1 has gone.
///
/// - Parameters:
///   - cookie: what `clusterCookie()` says in process 1, received in a way that nobody else can read: by standard input,
///     not by an argument or the environment.
///   - manager: whose `connect` opens the connections to other workers.
///   - ticket: `LaunchedWorker.ticket`; necessary for `incoming: false`. If it is given, process 1 can be connected to
///     no other worker by mistake.
/// - Throws: `ClusterError` `.invalidArgument` for what is no cookie of at least 128 bits, and in a process that has
///   workers, has made references, or is a worker already.
public func initWorker(
  cookie: String, manager: any ClusterManager = DefaultClusterManager(), ticket: UInt64? = nil
) throws {
  let cluster = Cluster.current
  try cluster.becomeWorker(cookie: Cookie(hex: cookie), manager: manager, ticket: ticket)
  cluster.exitUnlessJoined(within: AddprocsOptions().timeout)
}

/// Takes over a connection of a transport of your own: Julia's `process_messages`.
///
/// Both ends prove that they know the cluster cookie, within ten seconds; nothing is decoded before that, and a
/// connection whose other end cannot is closed. After that it belongs to the cluster.
///
/// - Parameters:
///   - connection: a fresh one.
///   - incoming: the other end has opened it. Only a worker that has no number yet opens a connection by itself, to
///     process 1; all others are asked for by `ClusterManager.connect`, and this is called at their other ends.
/// - Returns: a task that ends when the other end has proved itself, and throws what prevented it: `ClusterError`
///   `.refused`, `.timeout` or `.invalidArgument`, or `TransportError`. It need not be awaited.
@discardableResult
public func processMessages(_ connection: any Connection, incoming: Bool = true) -> Task<Void, any Error> {
  .onCluster {
    let cluster = Cluster.current
    do {
      try await incoming ? cluster.answer(connection) : cluster.dialProcess1(over: connection)
    } catch {
      cluster.complain(of: connection, error)
      throw error
    }
  }
}

/// The process at the other end of a connection; `nil` before it has proved itself and after the connection has ended.
public func workerID(of connection: any Connection) -> ProcessID? {
  Cluster.current.members.withLock { members in
    members.allLinks.first { $0.connection === connection }?.peer
  }
}

extension Cluster {
  /// Makes this process a worker without a number.
  func becomeWorker(cookie: Cookie, manager: any ClusterManager, ticket: UInt64?) throws(ClusterError) {
    guard myid == 1, isAlone, !hasMadeReferences else {
      throw ClusterError(
        .invalidArgument,
        "initWorker: this process \(myid == 1 ? "has workers or references" : "is a worker already"): "
          + "a process becomes a worker before it does anything else with the cluster")
    }
    launching.withLock { state in
      state.cookie = cookie
      state.manager = manager
      state.ticket = ticket
    }
    members.withLock { $0.become(0) }
    log.become(0)
    // A cluster of a test is not the process.
    guard self === Cluster.process else { return }
    muster_line_buffer_output()
    muster_record_throws(true)
  }

  func exitUnlessJoined(within timeout: Duration) {
    guard self === Cluster.process else { return }
    engine.schedule(after: timeout) { [self] in
      guard myid == 0 else { return }
      printError("muster worker: process 1 did not connect within \(timeout)")
      exit(1)
    }
  }

  fileprivate func answer(_ connection: any Connection) async throws {
    let (hello, connection) = try await handshake.answer(connection) { refusal(of: $0) }
    try welcome(connection, hello)
  }

  fileprivate func dialProcess1(over connection: any Connection) async throws {
    guard myid == 0, let ticket = launching.withLock({ $0.ticket }) else {
      connection.close()
      throw ClusterError(
        .invalidArgument,
        myid == 0
          ? "processMessages(incoming: false): initWorker was not given the ticket of this worker's launch"
          : "processMessages(incoming: false): only a worker that has not joined yet opens a connection by itself")
    }
    try adopt(await handshake.dial(connection, from: myid, to: 1, ticket: ticket), from: 1)
  }

  /// Says once what knocks at the door; a scanner must not fill the log.
  fileprivate func complain(of connection: any Connection, _ error: any Error) {
    let isFirst = launching.withLock { state in
      defer { state.hasComplained = true }
      return !state.hasComplained
    }
    let message = "a connection with \(connection.peerDescription) was not taken over: \(error)"
    if isFirst {
      logger.warning("\(message) (said once; further ones at debug level)")
    } else {
      logger.debug("\(message)")
    }
  }
}

import Glibc
import Synchronization

/// What process 1 and the agents of other hosts ask of each other: internal remote functions, like everything else.

/// Tells an agent that it has arrived; it answers with what its host is.
struct WelcomeAgent: RemoteThunk, InternalFunction {
  let heartbeatTimeout: Int64

  func callAsFunction() throws -> HostReport {
    let cluster = Cluster.current
    cluster.startHeartbeat(timeout: .nanoseconds(heartbeatTimeout))
    return try .current(process1: AgentProcess.shared.process1)
  }
}

/// A worker that an agent is to start.
struct WorkerOrder: Codable, Sendable {
  let pid: ProcessID
  /// `nil`: the agent's own.
  let executable: String?
  let arguments: [String]
  /// In addition to the agent's own.
  let environment: [String: String]
  let directory: String?
  /// What it writes goes to the agent's own streams, which the launcher takes care of, and not to process 1.
  let keepsOutput: Bool
  /// What the worker reads first, without the secret: that never goes over a connection of ours.
  let invitation: String
}

/// Starts workers; the answer has the process id of each, or why there is none.
struct StartWorkers: RemoteFunction, InternalFunction {
  struct Outcome: Codable, Sendable {
    var osPID: Int32?
    var failure: String?
  }

  func callAsFunction(_ orders: [WorkerOrder]) -> [Outcome] { orders.map { AgentProcess.shared.start($0) } }
}

/// Sends a worker a signal.
struct SignalWorker: RemoteAction, InternalFunction {
  let pid: ProcessID
  let signal: Int32

  func callAsFunction() { AgentProcess.shared.child(pid)?.signal(signal) }
}

/// Waits until a worker has ended, with more and more force.
struct EndWorker: RemoteAction, InternalFunction {
  let pid: ProcessID
  /// In nanoseconds, for each step; 0: it is killed at once.
  let patience: Int64

  func callAsFunction() async {
    await AgentProcess.shared.child(pid)?.end(pid, patience: .nanoseconds(patience))
  }
}

/// An agent passes on what its workers have written; answered when it has been written here, so that no more is under
/// way than the reader of our output takes.
struct PassOnOutput: RemoteAction, InternalFunction {
  let bytes: [UInt8]
  let isError: Bool

  func callAsFunction() async {
    await OutputWriter.shared.writeAndWait(bytes, isError: isError, Cluster.current)
  }
}

/// An agent says that a worker has ended; sent when all its output has been passed on.
struct WorkerEnded: RemoteAction, InternalFunction {
  let pid: ProcessID
  /// As wait(2) reports it.
  let status: Int32
  let lastLines: [String]

  func callAsFunction() {
    let hosts = Cluster.current.launching.withLock { $0.hosts.values }
    for host in hosts {
      host.ended(pid, HostedWorker.End(reason: "\(ExitStatus(rawValue: status))", lastLines: lastLines))
    }
  }
}

import Glibc
import Synchronization

/// The life of an agent: the one process that a launcher (ssh, srun, mpirun, pbsdsh) starts on another host. It starts the
/// workers of its host, passes on what they write, ends them, and ends with process 1; they end with it.
final class AgentProcess: Sendable {
  static let shared = AgentProcess()

  private let children = Mutex<[ProcessID: ChildProcess]>([:])
  private let address = Mutex<TransportAddress?>(nil)
  /// The socket at this end of a tunnel, which sshd leaves behind.
  private let tunnel = Mutex<String?>(nil)
  /// What workers have written goes to process 1, piece by piece.
  private let output = OutputWriter { bytes, isError in
    // Without process 1 this process ends.
    _ = try? await Cluster.current.call(PassOnOutput(bytes: bytes, isError: isError), on: 1, Nothing())
  }

  /// Where process 1 was reached.
  var process1: TransportAddress? { address.withLock { $0 } }

  /// It is connected to process 1.
  func arrive(_ invitation: Invitation, over connection: any Connection) {
    let used = invitation.addresses.first { $0.description == connection.peerDescription }
    address.withLock { $0 = used }
    if invitation.node == nil, case .unix(let path) = used { tunnel.withLock { $0 = path } }
  }

  /// To be called at the end of any process; does something in an agent.
  static func removeTunnel() {
    if let path = shared.tunnel.withLock({ $0.take() }) { unlink(path) }
  }

  func child(_ pid: ProcessID) -> ChildProcess? { children.withLock { $0[pid] } }

  func start(_ order: WorkerOrder) -> StartWorkers.Outcome {
    let cluster = Cluster.current
    let cookie = cluster.launching.withLock { $0.cookie }
    let forwarder = OutputForwarder(
      pid: order.pid, engine: cluster.engine, cluster: cluster, writer: order.keepsOutput ? .shared : output)
    do {
      let child = try ChildProcess.spawn(
        ChildProcess.Command(
          executable: order.executable ?? LocalManager.ownExecutable(),
          arguments: [Invitation.flag] + order.arguments,
          environment: currentEnvironment().merging(order.environment) { $1 },
          directory: order.directory, input: Invitation.line(of: cookie) + order.invitation),
        engine: cluster.engine, output: forwarder)
      children.withLock { $0[order.pid] = child }
      cluster.task { [self] in
        let status = await child.waitForExit()
        children.withLock { $0[order.pid] = nil }
        let end = WorkerEnded(pid: order.pid, status: status.rawValue, lastLines: forwarder.lastLines)
        _ = try? await cluster.call(end, on: 1, Nothing())
      }
      return StartWorkers.Outcome(osPID: child.pid)
    } catch {
      return StartWorkers.Outcome(failure: (error as? ClusterError)?.message ?? "\(error)")
    }
  }
}

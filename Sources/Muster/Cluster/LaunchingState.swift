import CMuster
import Synchronization

/// What a process needs to let others in, and process 1 to start them.
struct LaunchingState: Sendable {
  var cookie = Cookie()
  var directory: SocketDirectory?
  /// By the places that were asked for.
  var rendezvous: [TransportAddress: Rendezvous] = [:]
  /// The launches under way, by the tickets of their workers.
  var launches: [UInt64: LaunchRequest] = [:]
  /// The agents that are expected on other hosts, by the tickets of their launches.
  var agents: [UInt64: HostAgents] = [:]
  /// The agents that are there, by the negative numbers that their connections go by.
  var hosts: [ProcessID: HostAgent] = [:]
  var nextHost: ProcessID = 0
  var sharedLogins: [SSHCommand.Login: SharedLogin] = [:]
  var heartbeat: HeartbeatMonitor?
  var heartbeatGeneration = 0
  var lastInterrupt: UInt64 = 0
  var isLeavingAtExit = false
  var nextTicket: UInt64 = 1
  var lazy: Bool?
  /// How a worker connects to others.
  var manager: any ClusterManager = DefaultClusterManager()
  /// Which launch this worker belongs to, if it was told.
  var ticket: UInt64?
  /// Strangers at a custom transport have been complained of.
  var hasComplained = false
  /// Tells other programs of this user what this one is doing.
  var status: StatusServer?
  /// Somebody has asked this program to end.
  var isEnding = false
}

extension Cluster {
  /// No workers, none on their way.
  var isAlone: Bool {
    members.withLock { $0.procs == [1] } && launching.withLock { $0.launches.isEmpty }
  }

  func isSecondInterrupt() -> Bool {
    launching.withLock { state in
      let now = muster_now()
      defer { state.lastInterrupt = now }
      return state.lastInterrupt > 0 && now &- state.lastInterrupt < 1_000_000_000
    }
  }
}

/// The secret that lets processes join this cluster, as hexadecimal digits.
public func clusterCookie() -> String { Cluster.current.launching.withLock { $0.cookie.hex } }

/// Replaces the secret, while there are no workers.
///
/// - Parameter cookie: hexadecimal digits, at least 32 of them (128 bits).
/// - Returns: the cookie.
/// - Throws: `ClusterError` `.invalidArgument` for what is no such cookie, and while there are workers, which have the
///   old one; `.notProcess1`.
@discardableResult
public func setClusterCookie(_ cookie: String) throws -> String {
  let cluster = Cluster.current
  let cookie = try Cookie(hex: cookie)
  try cluster.requireProcess1("setClusterCookie")
  guard cluster.isAlone else {
    throw ClusterError(
      .invalidArgument, "setClusterCookie: there are workers, which have the old cookie: set it before addprocs")
  }
  // Who listens proves the cookie it began with.
  cluster.stopListening()
  cluster.launching.withLock { $0.cookie = cookie }
  return cookie.hex
}

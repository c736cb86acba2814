import CMuster
import Synchronization

/// What a process needs to let others in, and process 1 to start them.
struct LaunchingState: Sendable {
  var cookie = Cookie()
  var directory: SocketDirectory?
  var rendezvous: [TransportChoice: Rendezvous] = [:]
  /// The launches under way, by the tickets of their workers.
  var launches: [UInt64: LaunchRequest] = [:]
  var heartbeat: HeartbeatMonitor?
  var heartbeatGeneration = 0
  var lastInterrupt: UInt64 = 0
  var isLeavingAtExit = false
  var nextTicket: UInt64 = 1
  var lazy: Bool?
}

extension Cluster {
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

/// Replaces the secret, before any worker has been started with it.
///
/// - Parameter cookie: hexadecimal digits, at least 32 of them (128 bits).
/// - Throws: `ClusterError` `.invalidArgument`.
@discardableResult
public func setClusterCookie(_ cookie: String) throws -> String {
  let cookie = try Cookie(hex: cookie)
  Cluster.current.launching.withLock { $0.cookie = cookie }
  return cookie.hex
}

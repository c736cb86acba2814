import CMuster
import Synchronization

/// Declares a process dead from which nothing has been heard for too long.
///
/// Pings are answered by the Engine of the peer, whatever its user functions do; so silence means that the process is
/// stopped, or its host or the way to it is gone. If this process itself was late (a suspended job or laptop), nobody
/// is blamed for what happened meanwhile: every deadline moves by as much.
struct HeartbeatMonitor: Sendable {
  /// Pings in one timeout; the first comes after a third of it.
  static let pingsPerTimeout: UInt64 = 3

  let timeout: UInt64
  private var lastCheck: UInt64
  /// When we were late ourselves: from when a check was due until it came.
  private var delays: [Range<UInt64>] = []

  init(timeout: Duration, now: UInt64) {
    self.timeout = UInt64(max(1, timeout.nanoseconds))
    lastCheck = now
  }

  var interval: UInt64 { timeout / Self.pingsPerTimeout }

  enum Verdict: Equatable { case alive, ping, dead }

  /// To be called every `interval`; says how late the call itself was.
  mutating func begin(now: UInt64) {
    let due = lastCheck &+ interval
    if now > due &+ interval {
      if delays.count == 16 { delays.removeFirst() }
      delays.append(due..<now)
    }
    lastCheck = now
  }

  /// Judges one peer.
  ///
  /// - Parameter lastHeard: when the last byte came from it.
  func judge(lastHeard: UInt64, now: UInt64) -> Verdict {
    let silence = now > lastHeard ? now &- lastHeard : 0
    // Of our delays, those parts count that fell into the silence, and they do as long as it lasts.
    let grace = delays.reduce(0 as UInt64) { $0 + ($1.upperBound - min($1.upperBound, max($1.lowerBound, lastHeard))) }
    if silence > timeout &+ grace { return .dead }
    return silence >= interval ? .ping : .alive
  }
}

extension Cluster {
  /// Watches all connections from now on. The shortest timeout asked for counts for all that are there or being started.
  func startHeartbeat(timeout: Duration) {
    let isConnected = members.withLock { !$0.allLinks.isEmpty }
    let generation = launching.withLock { state -> Int? in
      let others = state.launches.values.map(\.options.heartbeatTimeout)
      let timeout = others.reduce(timeout) { min($0, $1) }
      let isNeeded = isConnected || !state.hosts.isEmpty
      if let current = state.heartbeat {
        let new = UInt64(timeout.nanoseconds)
        // What was asked for those that have gone does not count any more.
        guard isNeeded ? new < current.timeout : new != current.timeout else { return nil }
      }
      state.heartbeat = HeartbeatMonitor(timeout: timeout, now: muster_now())
      state.heartbeatGeneration += 1
      return state.heartbeatGeneration
    }
    if let generation { scheduleHeartbeat(generation) }
  }

  /// - Parameter generation: a monitor that was replaced schedules nothing more.
  private func scheduleHeartbeat(_ generation: Int) {
    let interval = launching.withLock { state in
      state.heartbeatGeneration == generation ? state.heartbeat?.interval : nil
    }
    guard let interval else { return }
    // Not weak: that would make every count of a reference to the cluster a slow one, and there are several in a call.
    engine.schedule(after: .nanoseconds(Int64(clamping: interval))) { [self] in
      guard launching.withLock({ $0.heartbeatGeneration }) == generation else { return }
      checkHeartbeats()
      scheduleHeartbeat(generation)
    }
  }

  private func checkHeartbeats() {
    let now = muster_now()
    guard
      let monitor = launching.withLock({ state -> HeartbeatMonitor? in
        state.heartbeat?.begin(now: now)
        return state.heartbeat
      })
    else { return }
    let agents = launching.withLock { $0.hosts.values.map(\.link) }
    for links in members.withLock({ $0.linksByMember }) + agents.map({ [$0] }) {
      // Of several connections of one process, one that is heard is enough.
      let lastHeard = links.map { $0.lastHeard.load(ordering: .relaxed) }.max() ?? now
      switch monitor.judge(lastHeard: lastHeard, now: now) {
      case .alive: break
      case .ping: for link in links { try? link.send(.ping, id: 0) }
      case .dead:
        for link in links {
          link.lose(
            "no heartbeat for \(Duration.nanoseconds(Int64(clamping: monitor.timeout))): stopped, or its host is gone")
        }
      }
    }
  }
}

import CMuster
import Logging
import Synchronization

/// Where other processes dial in: accepts, lets them prove themselves, and hands over who did.
///
/// Before authentication a connection costs little and not for long: at most 64 are half open (more wait in the
/// backlog), silent and slow ones give way to those that wait, and nothing is decoded.
final class Rendezvous: IOSource {
  static let maximumHalfOpen = 64
  /// A connection that has said nothing for so long is dropped when others wait.
  private static let patience: Duration = .seconds(1)
  /// One that has said something, but not enough: a proof takes milliseconds.
  private static let patienceWithSlow: Duration = .seconds(3)

  private struct State: Sendable {
    var halfOpen: [ObjectIdentifier: (channel: ByteChannel?, since: UInt64)] = [:]
    var isPaused = false
    var hasComplained = false
  }

  /// Connections that have not proved anything yet.
  var halfOpenCount: Int { state.withLock { $0.halfOpen.count } }

  let listener: any Listener
  private let engine: Engine
  private let handshake: Handshake
  private let cluster: Cluster
  private let admit: @Sendable (Hello) -> String?
  private let joined: @Sendable (any Connection, Hello) -> Void
  private let state = Mutex(State())

  /// - Parameters:
  ///   - admit: why a dialler cannot be let in, or `nil`.
  ///   - joined: takes over an authenticated connection.
  init(
    listener: any Listener, handshake: Handshake, cluster: Cluster, admit: @escaping @Sendable (Hello) -> String?,
    joined: @escaping @Sendable (any Connection, Hello) -> Void
  ) {
    self.listener = listener
    self.engine = cluster.engine
    self.handshake = handshake
    self.cluster = cluster
    self.admit = admit
    self.joined = joined
  }

  func start() throws(ClusterError) {
    if let descriptor = listener.descriptor {
      try engine.poller.add(self, descriptor: descriptor)
    } else {
      listener.setReadyHandler { [weak self] in self.map { $0.engine.signal($0) } }
    }
  }

  func close() {
    if let descriptor = listener.descriptor { engine.poller.remove(descriptor: descriptor) }
    listener.close()
  }

  func readable() -> Bool {
    var accepted = false
    while makeRoom() {
      do {
        guard let connection = try listener.accept() else { break }
        accepted = true
        answer(connection)
      } catch {
        // Out of descriptors, say: they may be had again in a moment, and the backlog keeps who waits.
        complain(error)
        pauseForAWhile()
        break
      }
    }
    return accepted
  }

  /// Returns whether one more connection may be half open; pauses accepting otherwise.
  private func makeRoom() -> Bool {
    let (hasRoom, dropped) = state.withLock { state -> (Bool, ByteChannel?) in
      if state.halfOpen.count < Self.maximumHalfOpen { return (true, nil) }
      let now = muster_now()
      let overdue = state.halfOpen.values.filter { channel, since in
        let patience = channel?.isSilent ?? false ? Self.patience : Self.patienceWithSlow
        return channel != nil && now &- since > UInt64(patience.nanoseconds)
      }
      return (false, overdue.min { $0.since < $1.since }?.channel)
    }
    if hasRoom { return true }
    dropped?.fail(ClusterError(.timeout, "\(dropped!.connection.peerDescription) proved nothing while others waited"))
    pauseForAWhile()
    return false
  }

  private func pauseForAWhile() {
    setPaused(true)
    engine.schedule(after: .milliseconds(100)) { [weak self] in self?.setPaused(false) }
  }

  private func setPaused(_ paused: Bool) {
    guard let descriptor = listener.descriptor else { return }
    let changed = state.withLock { state in
      defer { state.isPaused = paused }
      return state.isPaused != paused
    }
    if changed { engine.poller.setInterest(descriptor: descriptor, input: !paused, output: false) }
  }

  private func answer(_ connection: any Connection) {
    let key = ObjectIdentifier(connection)
    state.withLock { $0.halfOpen[key] = (nil, muster_now()) }
    cluster.task { [self] in
      // A second connection of one that is in already, most likely; it is told, and says so itself if it matters.
      var isTurnedAway = false
      do {
        let (hello, connection) = try await handshake.answer(
          connection, opened: { channel in state.withLock { $0.halfOpen[key]?.channel = channel } },
          admit: { hello in
            let reason = admit(hello)
            isTurnedAway = reason != nil
            return reason
          })
        state.withLock { _ = $0.halfOpen.removeValue(forKey: key) }
        joined(connection, hello)
      } catch {
        state.withLock { _ = $0.halfOpen.removeValue(forKey: key) }
        complain(error, quietly: isTurnedAway)
      }
      setPaused(false)
    }
  }

  /// Says once what knocks at the door; a scanner must not fill the log.
  private func complain(_ error: any Error, quietly: Bool = false) {
    // Who tries several addresses needs one of the connections.
    if quietly || error as? TransportError == .closed {
      return cluster.logger.debug("\(listener.address): \(error)")
    }
    let isFirst = state.withLock { state in
      defer { state.hasComplained = true }
      return !state.hasComplained
    }
    let message = "a connection to \(listener.address) was not let in: \(error)"
    if isFirst {
      cluster.logger.warning("\(message) (said once; further ones at debug level)")
    } else {
      cluster.logger.debug("\(message)")
    }
  }
}

import CMuster
import Logging
import Synchronization

/// How connections between the processes of the cluster come and go.
extension Cluster {
  /// Opens the connection to a process, once, however many tasks ask for it.
  func connect(to pid: ProcessID) async throws -> Link {
    while true {
      if let link = openLink(to: pid) { return link }
      let (peer, isOurs) = try members.withLock { members in
        let peer = try Self.reachable(pid, in: members)
        return (peer, members.beginConnecting(to: pid))
      }
      if isOurs {
        defer { for waiter in members.withLock({ $0.endConnecting(to: pid) }) { waiter.resume() } }
        let link = try await dial(peer)
        // The peer may have dialled at the same time: all that this process says goes over one connection, in order.
        return openLink(to: pid) ?? link
      }
      await withUnsafeContinuation { continuation in
        if !members.withLock({ $0.addConnectionWaiter(continuation, for: pid) }) { continuation.resume() }
      }
    }
  }

  /// The member, if it is there and the topology lets this process connect to it.
  private static func reachable(_ pid: ProcessID, in members: borrowing Members) throws -> PeerInfo {
    guard let member = members[pid] else {
      throw ClusterError(
        .noSuchProcess,
        "there is no process \(pid): there are \(members.procs.map(\.description).joined(separator: ", "))",
        worker: pid)
    }
    switch member.state {
    case .joined: break
    case .leaving: throw ClusterError(.noSuchProcess, "process \(pid) is being removed", worker: pid)
    case .gone(let reason): throw ProcessExitedError(pid: pid, reason: reason)
    case .removed:
      throw ClusterError(.noSuchProcess, "process \(pid) is not there any more: it was removed", worker: pid)
    }
    guard members.mayConnect(to: pid) else {
      throw ClusterError(
        .notConnected,
        "the topology \(members.topology.rawValue) has no connection between the processes \(members.me) and \(pid)",
        worker: pid)
    }
    return member.info
  }

  /// In the way of the manager, and where it has none, at the addresses the process has told.
  private func dial(_ peer: PeerInfo) async throws -> Link {
    var failures: [String] = []
    do {
      if let connection = try await managerConnection(to: peer) {
        return try await prove(connection, to: peer.pid)
      }
    } catch {
      failures.append("\(peer.connectAt?.description ?? "its manager"): \(error)")
    }
    do {
      if let connection = try await dialAny(peer.addresses, of: peer.node, from: myid, to: peer.pid, ticket: 0) {
        return try adopt(connection, from: peer.pid)
      }
    } catch {
      failures.append("\(error)")
    }
    throw ClusterError(
      .notConnected,
      "process \(myid) cannot connect to process \(peer.pid): "
        + (failures.isEmpty ? "it listens nowhere that can be reached from here" : failures.joined(separator: "; ")),
      worker: peer.pid)
  }

  private func managerConnection(to peer: PeerInfo) async throws -> (any Connection)? {
    // A worker knows no manager but its own, and of the others no more than they have told.
    let member = members.withLock { $0[peer.pid] }
    let manager = member?.manager ?? launching.withLock { $0.manager }
    return try await manager.connect(peer.pid, member?.config ?? peer.config)
  }

  private func prove(_ connection: any Connection, to pid: ProcessID) async throws -> Link {
    try adopt(await handshake.dial(connection, from: myid, to: pid, ticket: 0), from: pid)
  }

  var handshake: Handshake { Handshake(cookie: launching.withLock { $0.cookie }, engine: engine) }

  /// Makes an authenticated connection a link. The first one to a process is the one this process sends on.
  @discardableResult
  func adopt(_ connection: any Connection, from pid: ProcessID) throws -> Link {
    let link = Link(peer: pid, connection: connection, engine: engine, dispatcher: dispatcher, context: self)
    let isGone = members.withLock { members in
      if members[pid]?.state.isGone == true { return true }
      members.addLink(link)
      return false
    }
    if isGone {
      connection.close()
      throw ClusterError(.noSuchProcess, "process \(pid) is not there any more", worker: pid)
    }
    do {
      try link.start()
    } catch {
      link.lose("\(error)")
      throw error
    }
    return link
  }

  // MARK: The end of a connection

  func linkLost(_ link: Link, reason: String) {
    if let host = launching.withLock({ $0.hosts.removeValue(forKey: link.peer) }) {
      host.lost(reason)
      return link.finish(reason: reason)
    }
    // Why it was lost may take long to find out; meanwhile nobody is to be given this worker.
    removeFromPools(link.peer)
    task { [self] in
      let (member, isExpected) = members.withLock { members -> (Members.Member?, Bool) in
        let member = members[link.peer]
        return (member, member?.state == .leaving)
      }
      var explanation = reason
      if myid == 1, let config = member?.config, let manager = member?.manager {
        explanation = await manager.lossReason(link.peer, config) ?? reason
      }
      if isExpected { explanation = Members.removalReason }
      await processLost(link.peer, reason: explanation)
      link.finish(reason: explanation)
    }
  }

  func peerLeaves(_ link: Link, reason: String) {
    task { link.lose(reason) }
  }

  func writingFailed(_ link: Link, reason: String) {
    task {
      // What the peer has said last may say more.
      while link.loss == nil, link.readable() {}
      link.lose(reason)
    }
  }

  /// A process has gone: everything this process had to do with it ends.
  func processLost(_ pid: ProcessID, reason: String) async {
    placements.withLock { $0.release(pid) }
    let (links, member) = members.withLock { members -> ([Link], Members.Member?) in
      guard let member = members[pid], !member.state.isGone else { return ([], nil) }
      let links = members.takeLinks(of: pid)
      members.setState(member.state == .leaving ? .removed : .gone(reason: reason), of: pid)
      return (links, member)
    }
    guard let member else { return }
    if myid == 1 { recordDeparture(of: pid, member, reason: reason) }
    // Before those who wait for its answers put it back.
    removeFromPools(pid)
    for link in links {
      link.lose(reason)
      link.finish(reason: reason)
    }
    references.releaseAll(heldBy: pid)
    if myid != 1 {
      // A cluster of a test is not the process.
      if pid == 1, self === Cluster.process { WorkerProcess.endWithoutProcess1(reason: reason) }
      return
    }
    if member.state != .leaving {
      logger.warning("worker \(pid) was lost: \(reason)")
      if let config = member.config, let manager = member.manager {
        try? await manager.kill(pid, config)
      }
    }
    if let config = member.config { await member.manager?.manage(pid, config, .deregister) }
    broadcast(MembersChanged(joined: [], left: [pid], reason: reason))
    await workerExited(pid, member.state == .leaving ? .terminated : .exterminated)
    for waiter in members.withLock({ $0.takeDepartureWaiters(of: pid) }) { waiter.resume() }
    if let config = member.config { await member.manager?.manage(pid, config, .finalize) }
  }

  /// Tells every worker, without waiting.
  func broadcast(_ change: MembersChanged) {
    for pid in members.withLock({ $0.present }) where pid != myid {
      guard let link = openLink(to: pid) else { continue }
      try? cast(change, Nothing(), over: link)
    }
  }
}

extension Members.State {
  var isGone: Bool {
    switch self {
    case .gone, .removed: true
    case .joined, .leaving: false
    }
  }
}

import Synchronization

/// Agents that a launcher is asked to start, one on each host: the way workers on other hosts are started.
///
/// 1. `expect` makes an invitation, which each of them must find on its standard input; they are started with
///    `--worker` as their first argument. The invitation is a secret (see `LaunchRequest.invitation`).
/// 2. `next` returns each as it arrives, with what its host is: that is the probe.
/// 3. `HostFleet.launch` has them start workers.
package final class HostAgents: Sendable {
  private struct State: Sendable {
    var open: Int
    var arrived: [HostAgent] = []
    var failure: ClusterError?
    var waiters: [UnsafeContinuation<Void, Never>] = []
  }

  /// What each agent must read on its standard input.
  package let invitation: String
  private let ticket: UInt64
  private let cluster: Cluster
  private let heartbeatTimeout: Duration
  private let state: Mutex<State>

  /// Begins to expect `count` agents; no more are let in. Process 1 listens as the options say.
  ///
  /// - Parameter addresses: where to dial, if it is not where process 1 listens (a tunnel, say).
  package static func expect(
    _ count: Int, _ options: AddprocsOptions, at addresses: [TransportAddress]? = nil
  ) throws -> HostAgents {
    let cluster = Cluster.current
    let listening = try cluster.listen(
      for: options.transport, restrict: addresses != nil || options.restrict, interface: options.interface,
      backlog: max(128, 2 * count))
    cluster.startHeartbeat(timeout: options.heartbeatTimeout)
    cluster.leaveAtExit()
    let (ticket, cookie) = cluster.launching.withLock { state in
      state.nextTicket += 1
      return (state.nextTicket - 1, state.cookie)
    }
    var invitation = Invitation(
      cookie: cookie, addresses: addresses ?? listening, ticket: ticket, timeout: options.timeout,
      transport: options.transport, restrict: options.restrict, parent: nil)
    invitation.node = addresses == nil ? .current : nil
    invitation.isAgent = true
    let agents = HostAgents(count, invitation.text, ticket, cluster, options.heartbeatTimeout)
    cluster.launching.withLock { $0.agents[ticket] = agents }
    return agents
  }

  private init(_ count: Int, _ invitation: String, _ ticket: UInt64, _ cluster: Cluster, _ heartbeat: Duration) {
    state = Mutex(State(open: count))
    self.invitation = invitation
    self.ticket = ticket
    self.cluster = cluster
    heartbeatTimeout = heartbeat
  }

  /// The next agent, in the order of arrival.
  ///
  /// - Throws: what `fail` was given; `CancellationError`; `ClusterError` `.timeout` when it has not come by the
  ///   deadline.
  package func next(within timeout: Duration) async throws -> HostAgent {
    let timer = cluster.engine.schedule(after: timeout) { [self] in
      fail(ClusterError(.timeout, "it has not called back within \(timeout)"))
    }
    defer { cluster.engine.cancel(timer) }
    return try await withTaskCancellationHandler {
      while true {
        let found = state.withLock { state -> Result<HostAgent, any Error>? in
          if !state.arrived.isEmpty { return .success(state.arrived.removeFirst()) }
          return state.failure.map { .failure($0) }
        }
        if let found { return try found.get() }
        try Task.checkCancellation()
        await waitForChange()
      }
    } onCancel: {
      wakeAll()
    }
  }

  private func waitForChange() async {
    await withUnsafeContinuation { continuation in
      let isWaiting = state.withLock { state in
        guard state.arrived.isEmpty, state.failure == nil, !Task.isCancelled else { return false }
        state.waiters.append(continuation)
        return true
      }
      if !isWaiting { continuation.resume() }
    }
  }

  private func wakeAll() {
    let waiters = state.withLock { state in
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  /// No more will come: the launcher has failed, say.
  package func fail(_ error: ClusterError) {
    state.withLock { if $0.failure == nil { $0.failure = error } }
    close()
    wakeAll()
  }

  /// Lets nobody in any more.
  package func close() { cluster.launching.withLock { $0.agents[ticket] = nil } }

  /// An agent has proved itself.
  func join(_ connection: any Connection) throws {
    let (isWanted, isLast) = state.withLock { state in
      state.open -= 1
      return (state.open >= 0 && state.failure == nil, state.open <= 0)
    }
    if isLast { close() }
    guard isWanted else { return connection.close() }
    let number = cluster.launching.withLock { state in
      state.nextHost = state.nextHost.advanced(by: -1)
      return state.nextHost
    }
    let link = Link(
      peer: number, connection: connection, engine: cluster.engine, dispatcher: cluster.dispatcher, context: cluster)
    try link.start()
    cluster.task { [self] in
      do {
        let id = try cluster.sendCall(
          WelcomeAgent(heartbeatTimeout: heartbeatTimeout.nanoseconds), Nothing(), over: link)
        let report = try cluster.decode(await link.reply(to: id), from: link, as: HostReport.self)
        let agent = HostAgent(report: report, link: link, cluster: cluster)
        cluster.launching.withLock { $0.hosts[number] = agent }
        // It may have gone in between.
        if let loss = link.loss { cluster.linkLost(link, reason: loss) }
        state.withLock { $0.arrived.append(agent) }
        wakeAll()
      } catch {
        link.lose("\(error)")
        fail(ClusterError(.launchFailed, "the agent of a host could not join: \(error)"))
      }
    }
  }
}

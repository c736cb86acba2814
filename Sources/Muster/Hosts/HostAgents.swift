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
    /// Those that have proved themselves, and are asked what their hosts are.
    var welcoming: [ProcessID: Link] = [:]
    /// Why one of them has not become an agent.
    var problem: ClusterError?
    var isOver = false
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

  /// No more will come: the launcher has failed, say. Those that have arrived can still be had.
  package func fail(_ error: ClusterError) {
    state.withLock { state in
      guard state.failure == nil else { return }
      let problem = state.problem.flatMap { $0.message == error.message ? nil : $0 }
      state.failure =
        problem.map { ClusterError(error.code, "\(error.message); \($0.message)", cause: error.cause) } ?? error
    }
    admitNobody()
    wakeAll()
  }

  /// Nobody waits for them any more: those that have not been taken leave, and so does who comes late. To be called at the
  /// end of every launch, whatever came of it.
  package func close() {
    admitNobody()
    let (arrived, links) = state.withLock { state in
      defer { (state.arrived, state.welcoming) = ([], [:]) }
      state.isOver = true
      return (state.arrived, Array(state.welcoming.values))
    }
    for link in links { link.lose("it is not needed any more") }
    for agent in arrived { cluster.task { await agent.leave() } }
  }

  private func admitNobody() { cluster.launching.withLock { $0.agents[ticket] = nil } }

  /// An agent has proved itself.
  func join(_ connection: any Connection) throws {
    let (isWanted, isLast) = state.withLock { state in
      state.open -= 1
      return (state.open >= 0 && state.failure == nil && !state.isOver, state.open <= 0)
    }
    if isLast { admitNobody() }
    guard isWanted else { return connection.close() }
    let number = cluster.launching.withLock { state in
      state.nextHost = state.nextHost.advanced(by: -1)
      return state.nextHost
    }
    let link = Link(
      peer: number, connection: connection, engine: cluster.engine, dispatcher: cluster.dispatcher, context: cluster)
    state.withLock { $0.welcoming[number] = link }
    try link.start()
    cluster.task { [self] in
      do {
        let agent = try await welcome(link)
        cluster.launching.withLock { $0.hosts[number] = agent }
        // It may have gone in between.
        if let loss = link.loss { cluster.linkLost(link, reason: loss) }
        guard take(agent) else { return await agent.leave() }
        wakeAll()
        failIfNoMoreCome()
      } catch {
        link.lose("\(error)")
        giveUp(number, error)
      }
    }
  }

  private func welcome(_ link: Link) async throws -> HostAgent {
    let id = try cluster.sendCall(
      WelcomeAgent(heartbeatTimeout: heartbeatTimeout.nanoseconds), Nothing(), over: link)
    let report = try cluster.decode(await link.reply(to: id), from: link, as: HostReport.self)
    return HostAgent(report: report, link: link, cluster: cluster)
  }

  /// Returns false if nobody wants it any more.
  private func take(_ agent: HostAgent) -> Bool {
    state.withLock { state in
      state.welcoming[agent.link.peer] = nil
      guard !state.isOver else { return false }
      state.arrived.append(agent)
      return true
    }
  }

  /// One agent could not say what its host is; others may.
  private func giveUp(_ number: ProcessID, _ error: any Error) {
    // Without the backtrace: that is of Muster's own code.
    let reason = (error as? RemoteError)?.message ?? (error as? ClusterError)?.message ?? "\(error)"
    let problem = ClusterError(.launchFailed, "the agent of a host could not join: \(reason)")
    state.withLock { state in
      state.welcoming[number] = nil
      state.problem = state.problem ?? problem
    }
    failIfNoMoreCome()
  }

  /// All have called back, but some could not join: what is missing will not come.
  private func failIfNoMoreCome() {
    let problem = state.withLock { $0.open <= 0 && $0.welcoming.isEmpty ? $0.problem : nil }
    if let problem { fail(problem) }
  }
}

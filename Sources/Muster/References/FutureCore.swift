import Synchronization

/// All of a `Future` that does not depend on the type of its value: where the value is, and what is known of it here.
///
/// Not generic, so that no call looks up type metadata; that cost more than the rest of a call together.
final class FutureCore: Sendable {
  enum Source: Sendable {
    /// The answer to a call of ours.
    case call(Link, UInt64)
    /// The owner is asked.
    case owner
    /// This process is the owner.
    case local(ReferencePromise)
    /// It came from outside the cluster: there is nothing behind it.
    case nothing
  }

  typealias Outcome = Result<any Sendable, any Error>

  private struct State: Sendable {
    var source: Source
    var cached: Outcome?
    /// Where the answer to the call arrives, once somebody waits for it.
    var arrival: Arrival?
    /// The owner counts this process among the holders.
    var holds: Bool
    /// How many questions to the owner and frames with this reference are on their way out. Only after them this process
    /// may say that it needs the value no more.
    var uses = 0
  }

  /// Holds the answer until the next reader decodes it, in its own time and not the Engine's.
  final class Arrival: ReplyObserver {
    let promise = Promise<Reply>()
    func complete(with reply: Reply) { promise.fulfil(.success(reply)) }
  }

  let cluster: Cluster
  let owner: ProcessID
  let id: RRID
  /// Who registered this process's hold with the owner; `nil` for itself.
  private let registrar: ProcessID?
  private let state: Mutex<State>

  init(
    cluster: Cluster, owner: ProcessID, id: RRID, source: Source, holds: Bool, registrar: ProcessID? = nil,
    cached: Outcome? = nil
  ) {
    self.cluster = cluster
    self.owner = owner
    self.id = id
    self.registrar = registrar
    state = Mutex(State(source: source, cached: cached, arrival: nil, holds: holds))
  }

  deinit {
    let holds = state.withLock { state in
      if case .call(let link, let slot) = state.source { _ = link.pending.withLock { $0.abandon(slot) } }
      return state.holds
    }
    if holds { cluster.releases.add(id, owner: owner, registrar: registrar) }
  }

  var source: Source { state.withLock { $0.source } }
  var cached: Outcome? { state.withLock { $0.cached } }

  /// The answer to the call, if it has come, for who decodes and then caches it; once.
  func takeReply() -> (Reply, Link)? {
    // Thousands of answers that have come may be taken without once waiting: that is no reason for a second thread.
    cluster.engine.progress.wrappingAdd(1, ordering: .relaxed)
    return state.withLock { state in
      guard state.cached == nil, state.arrival == nil, case .call(let link, let slot) = state.source,
        let reply = link.pending.withLock({ $0.take(slot) })
      else { return nil }
      // Whoever asks before it is cached finds the value there.
      state.source = .owner
      return reply.kind == .kept ? nil : (reply, link)
    }
  }

  /// The outcome, if it is here; `decode` is applied to an answer that has come.
  func resolve(_ decode: (Reply, Link) throws -> any Sendable) -> Outcome? {
    state.withLock { state in
      if let cached = state.cached { return cached }
      guard case .call(let link, let slot) = state.source else { return nil }
      let arrived: Reply?
      if let arrival = state.arrival {
        arrived = try? arrival.promise.result?.get()
      } else {
        arrived = link.pending.withLock { $0.take(slot) }
      }
      guard let reply = arrived else { return nil }
      state.source = .owner
      state.arrival = nil
      if reply.kind == .kept { return nil }
      let outcome = Outcome { () throws(any Error) in try decode(reply, link) }
      finish(&state, outcome)
      return outcome
    }
  }

  /// Keeps what was fetched or put; the owner need not keep it for this process any more.
  func cache(_ outcome: Outcome) {
    state.withLock { state in
      if state.cached == nil { finish(&state, outcome) }
    }
  }

  private func finish(_ state: inout State, _ outcome: Outcome) {
    state.cached = outcome
    releaseIfFinished(&state)
  }

  private func releaseIfFinished(_ state: inout State) {
    // A failure is not sent along with the future: whoever gets that asks the owner.
    guard state.holds, state.uses == 0, case .success? = state.cached else { return }
    state.holds = false
    cluster.releases.add(id, owner: owner, registrar: registrar)
  }

  /// Where the answer to the call will arrive, if that is what is waited for.
  func arrival() -> Arrival? {
    state.withLock { state in
      guard case .call(let link, let slot) = state.source else { return nil }
      if let arrival = state.arrival { return arrival }
      let arrival = Arrival()
      let reply = link.pending.withLock { $0.wait(for: slot, .observer(arrival)) }
      if let reply { arrival.complete(with: reply) }
      state.arrival = arrival
      return arrival
    }
  }

  /// From now on the owner counts this process among the holders. Said under the lock: who finds it said may ask.
  ///
  /// Only in a `Use` that began before the value was here: after it the hold may have been given up and the value be
  /// forgotten, and the owner would take this for the first word of a new one.
  func hold() {
    state.withLock { state in
      guard !state.holds else { return }
      state.holds = true
      cluster.registerHold(of: id, owner: owner, for: cluster.myid)
    }
  }

  /// While it lives, this process gives up no hold on account of the value's coming meanwhile.
  ///
  /// It ends in its `deinit`, which may run wherever a frame is dropped.
  final class Use: Sendable {
    private let core: FutureCore

    init(of core: FutureCore) {
      self.core = core
      core.state.withLock { $0.uses += 1 }
    }

    deinit {
      core.state.withLock { state in
        state.uses -= 1
        core.releaseIfFinished(&state)
      }
    }
  }

  /// `hold`, before the owner is asked for something: on a connection that is open, so that it is heard first.
  func reach() async throws {
    if owner != cluster.myid { _ = try await cluster.link(to: owner) }
    hold()
  }
}

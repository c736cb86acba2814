import Synchronization

/// A value that a process of the cluster will have, once: the result of `remotecall`, or what somebody `put`s.
///
/// The value lives on `owner` until it is fetched; small results of calls come along with the notice that they are
/// there. A future may be sent to other processes, and keeps the value alive while any of them has it.
public final class Future<Value: Codable & Sendable>: AbstractRemoteRef, Codable {
  public let owner: ProcessID
  public let id: RRID

  private enum Source {
    /// The answer to a call of ours.
    case call(Link, UInt64)
    /// The owner is asked.
    case owner
    /// This process is the owner.
    case local(Promise<Value>)
    /// It came from outside the cluster: there is nothing behind it.
    case nothing
  }

  private struct State {
    var source: Source
    var cached: Result<Value, any Error>?
    /// Where the answer to the call arrives, once somebody waits for it.
    var arrival: Arrival?
    var holdsOwner: Bool
  }

  private let cluster: Cluster
  private let state: Mutex<State>

  /// A future without a value, kept by a process of your choice; nothing is sent until it is first used.
  public convenience init(on owner: ProcessID = myid()) {
    let cluster = Cluster.current
    self.init(cluster: cluster, owner: owner, id: cluster.nextReference())
  }

  init(cluster: Cluster, owner: ProcessID, id: RRID) {
    self.cluster = cluster
    self.owner = owner
    self.id = id
    let isLocal = owner == cluster.myid
    let source: Source =
      isLocal ? .local(cluster.references.create(Value.self, for: id, holder: owner)) : .owner
    state = Mutex(State(source: source, cached: nil, arrival: nil, holdsOwner: isLocal))
  }

  /// The result of a call that has been sent.
  init(cluster: Cluster, link: Link, slot: UInt64, id: RRID) {
    self.cluster = cluster
    owner = link.peer
    self.id = id
    state = Mutex(State(source: .call(link, slot), cached: nil, arrival: nil, holdsOwner: true))
  }

  deinit {
    let (source, holdsOwner) = state.withLock { ($0.source, $0.holdsOwner) }
    if case .call(let link, let slot) = source { _ = link.pending.withLock { $0.abandon(slot) } }
    if holdsOwner { cluster.releases.add(id, owner: owner) }
  }

  // MARK: Reading

  /// The value, as soon as it is there; it is kept, so that fetching again costs nothing.
  ///
  /// - Throws: what the call threw, as `RemoteError`; `ProcessExitedError` when the owner has gone;
  ///   `CancellationError` when the waiting task is cancelled.
  public func fetch() async throws -> Value {
    while true {
      if let result = resolve() { return try result.get() }
      let (source, arrival) = subscribe()
      if let arrival {
        _ = try await arrival.promise.wait()
        continue
      }
      switch source {
      case .call: continue
      case .local(let promise): return try await promise.wait().get()
      case .owner: return try await fetchFromOwner()
      case .nothing: throw Self.nothingThere
      }
    }
  }

  /// Waits until the value is there, without fetching it: a large one stays where it is.
  ///
  /// - Throws: what the call threw; otherwise as `fetch`.
  public func wait() async throws {
    while true {
      if let cached = state.withLock({ $0.cached }) { return _ = try cached.get() }
      let (source, arrival) = subscribe()
      if let arrival {
        _ = try await arrival.promise.wait()
        _ = try resolve()?.get()
        return
      }
      switch source {
      case .call: if let result = resolve() { return _ = try result.get() }
      case .local(let promise): return _ = try await promise.wait().get()
      case .owner:
        hold()
        _ = try await cluster.call(WaitForReference<Value>(id: id), on: owner, Nothing())
        return
      case .nothing: throw Self.nothingThere
      }
    }
  }

  /// Whether `fetch` would return at once (over the network, if the owner has to be asked).
  public func isReady() async throws -> Bool {
    let state = self.state.withLock { state -> (Bool, Source) in (state.cached != nil, state.source) }
    if state.0 { return true }
    switch state.1 {
    case .call(let link, let slot): return !link.pending.withLock { $0.isOpen(slot) }
    case .local(let promise): return promise.result != nil
    case .owner:
      hold()
      return try await cluster.call(ReferenceIsReady<Value>(id: id), on: owner, Nothing())
    case .nothing: return false
    }
  }

  /// The value, if this process has it already.
  public var cachedValue: Value? { try? state.withLock { $0.cached }?.get() }

  // MARK: Writing

  /// Gives it its value.
  ///
  /// - Throws: `ClusterError` `.alreadySet` when it has one.
  public func put(_ value: Value) async throws {
    let (source, isCached) = state.withLock { ($0.source, $0.cached != nil) }
    if isCached { throw ClusterError.alreadySet(id) }
    switch source {
    case .call: throw ClusterError.alreadySet(id)
    case .local(let promise): guard promise.fulfil(.success(value)) else { throw ClusterError.alreadySet(id) }
    case .owner:
      hold()
      do {
        _ = try await cluster.call(PutReference<Value>(id: id), on: owner, value)
      } catch let error as RemoteError {
        throw error.underlying as? ClusterError ?? error
      }
    case .nothing: throw Self.nothingThere
    }
    state.withLock { $0.cached = .success(value) }
  }

  // MARK: How the answer arrives

  /// Holds the answer until the next `fetch` decodes it, in its caller's time and not the Engine's.
  private final class Arrival: ReplyObserver {
    let promise = Promise<Reply>()
    func complete(with reply: Reply) { promise.fulfil(.success(reply)) }
  }

  /// The value or error, if it is here; decodes an answer that has come.
  private func resolve() -> Result<Value, any Error>? {
    state.withLock { state in
      if let cached = state.cached { return cached }
      guard case .call(let link, let slot) = state.source else { return nil }
      let reply: Reply
      if let arrival = state.arrival {
        guard case .success(let arrived)? = arrival.promise.result else { return nil }
        reply = arrived
      } else {
        guard let taken = link.pending.withLock({ $0.take(slot) }) else { return nil }
        reply = taken
      }
      state.source = .owner
      state.arrival = nil
      if reply.kind == .kept { return nil }
      let result = cluster.decode(reply, from: link, as: Value.self)
      finish(&state, result)
      return result
    }
  }

  private func finish(_ state: inout State, _ result: Result<Value, any Error>) {
    state.cached = result
    guard state.holdsOwner else { return }
    state.holdsOwner = false
    cluster.releases.add(id, owner: owner)
  }

  private func subscribe() -> (Source, Arrival?) {
    state.withLock { state in
      guard case .call(let link, let slot) = state.source else { return (state.source, nil) }
      if let arrival = state.arrival { return (state.source, arrival) }
      let arrival = Arrival()
      let reply = link.pending.withLock { $0.wait(for: slot, .observer(arrival)) }
      if let reply { arrival.complete(with: reply) }
      state.arrival = arrival
      return (state.source, arrival)
    }
  }

  private func fetchFromOwner() async throws -> Value {
    hold()
    let value = try await cluster.call(FetchReference<Value>(id: id), on: owner, Nothing())
    state.withLock { state in
      if state.cached == nil { finish(&state, .success(value)) }
    }
    return value
  }

  /// From now on the owner counts this process among the holders.
  private func hold() {
    let isNew = state.withLock { state in
      defer { state.holdsOwner = true }
      return !state.holdsOwner
    }
    if isNew { cluster.registerHold(of: id, owner: owner, for: cluster.myid) }
  }

  private static var nothingThere: ClusterError {
    ClusterError(.invalidArgument, "this future was not received from a process of the cluster: nothing is behind it")
  }

  // MARK: Codable

  private enum CodingKeys: String, CodingKey { case owner, whence, id, value }

  /// Outside the cluster's own messages only an empty reference is written.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    guard let destination = encoder.userInfo[.destination] as? ProcessID else {
      try container.encode(0, forKey: .owner)
      return
    }
    try container.encode(owner.rawValue, forKey: .owner)
    try container.encode(id.whence.rawValue, forKey: .whence)
    try container.encode(id.id, forKey: .id)
    if case .success(let value)? = resolve() {
      try container.encode(value, forKey: .value)
    } else {
      hold()
      cluster.registerHold(of: id, owner: owner, for: destination)
    }
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    cluster = Cluster.current
    owner = ProcessID(try container.decode(Int.self, forKey: .owner))
    guard owner.rawValue > 0 else {
      id = RRID(whence: ProcessID(0), id: 0)
      state = Mutex(State(source: .nothing, cached: nil, arrival: nil, holdsOwner: false))
      return
    }
    id = RRID(
      whence: ProcessID(try container.decode(Int.self, forKey: .whence)),
      id: try container.decode(UInt64.self, forKey: .id))
    if let value = try container.decodeIfPresent(Value.self, forKey: .value) {
      state = Mutex(State(source: .owner, cached: .success(value), arrival: nil, holdsOwner: false))
    } else if owner == cluster.myid {
      let promise = try cluster.references.promise(Value.self, for: id)
      state = Mutex(State(source: .local(promise), cached: nil, arrival: nil, holdsOwner: true))
    } else {
      state = Mutex(State(source: .owner, cached: nil, arrival: nil, holdsOwner: true))
    }
  }
}

import Synchronization

/// A value that a process of the cluster will have, once: the result of `remotecall`, or what somebody `put`s.
///
/// The value lives on `owner` until it is fetched; small results of calls come along with the notice that they are
/// there. A future may be sent to other processes, and keeps the value alive while any of them has it.
public final class Future<Value: Codable & Sendable>: AbstractRemoteRef, Codable {
  private let core: FutureCore

  public var owner: ProcessID { core.owner }
  public var id: RRID { core.id }

  /// A future without a value, kept by a process of your choice; nothing is sent until it is first used.
  public convenience init(on owner: ProcessID = myid()) {
    let cluster = Cluster.current
    let id = cluster.nextReference()
    if owner == cluster.myid {
      self.init(cluster: cluster, promise: cluster.references.create(id, holder: owner), id: id)
    } else {
      self.init(FutureCore(cluster: cluster, owner: owner, id: id, source: .owner, holds: false))
    }
  }

  private init(_ core: FutureCore) { self.core = core }

  /// A value that this process keeps.
  init(cluster: Cluster, promise: ReferencePromise, id: RRID) {
    core = FutureCore(cluster: cluster, owner: cluster.myid, id: id, source: .local(promise), holds: true)
  }

  /// The result of a call that has been sent.
  init(cluster: Cluster, link: Link, slot: UInt64, id: RRID) {
    core = FutureCore(cluster: cluster, owner: link.peer, id: id, source: .call(link, slot), holds: true)
  }

  // MARK: Reading

  /// The value, as soon as it is there; it is kept, so that fetching again costs nothing.
  ///
  /// - Throws: what the call threw, as `RemoteError`; `ProcessExitedError` when the owner has gone;
  ///   `CancellationError` when the waiting task is cancelled.
  @inlinable  // so that the common case is made for the type of the value
  public func fetch() async throws -> Value {
    if let value = try takeAnswer() { return value }
    return try await fetchSlowly()
  }

  /// The value in the answer to our call, if that is what has come and nobody has looked at it.
  @usableFromInline
  func takeAnswer() throws -> Value? {
    guard let (reply, link) = core.takeReply() else { return nil }
    do {
      let value = try core.cluster.decode(reply, from: link, as: Value.self)
      core.cache(.success(value))
      return value
    } catch {
      core.cache(.failure(error))
      throw error
    }
  }

  @usableFromInline
  func fetchSlowly() async throws -> Value {
    while true {
      if let outcome = resolve() { return try typed(outcome) }
      if let arrival = core.arrival() {
        _ = try await arrival.promise.wait()
        continue
      }
      switch core.source {
      case .call: continue
      case .local(let promise):
        let value = try await promise.value(as: Value.self, of: id)
        core.cache(.success(value))
        return value
      case .owner:
        guard let value = try await askOwner(FetchReference<Value>(id: id)) else { continue }
        core.cache(.success(value))
        return value
      case .nothing: throw Self.nothingThere
      }
    }
  }

  /// Waits until the value is there, without fetching it: a large one stays where it is.
  ///
  /// - Throws: what the call threw; otherwise as `fetch`.
  public func wait() async throws {
    while true {
      if let outcome = core.cached {
        _ = try outcome.get()
        return
      }
      if let arrival = core.arrival() {
        _ = try await arrival.promise.wait()
        _ = try resolve()?.get()
        return
      }
      switch core.source {
      case .call: continue
      case .local(let promise):
        _ = try await promise.wait().get()
        return
      case .owner:
        if try await askOwner(WaitForReference(id: id)) != nil { return }
      case .nothing: throw Self.nothingThere
      }
    }
  }

  /// Whether `fetch` would return at once (over the network, if the owner has to be asked).
  public func isReady() async throws -> Bool {
    if core.cached != nil { return true }
    switch core.source {
    case .call(let link, let slot): return !link.pending.withLock { $0.isOpen(slot) }
    case .local(let promise): return promise.result != nil
    case .owner:
      return try await askOwner(ReferenceIsReady(id: id)) ?? true
    case .nothing: return false
    }
  }

  /// The value, if this process has it already.
  public var cachedValue: Value? { try? core.cached?.get() as? Value }

  // MARK: Writing

  /// Gives it its value.
  ///
  /// - Throws: `ClusterError` `.alreadySet` when it has one.
  public func put(_ value: Value) async throws {
    if core.cached != nil { throw ClusterError.alreadySet(id) }
    switch core.source {
    case .call: throw ClusterError.alreadySet(id)
    case .local(let promise): guard promise.fulfil(.success(value)) else { throw ClusterError.alreadySet(id) }
    case .owner: try await putToOwner(value)
    case .nothing: throw Self.nothingThere
    }
    core.cache(.success(value))
  }

  // MARK: The owner

  /// Asks the owner; `nil` when the value is here meanwhile, so that the owner need not keep it any more.
  func askOwner<Question: RemoteThunk>(_ question: Question) async throws -> Question.Output? {
    let use = FutureCore.Use(of: core)
    defer { withExtendedLifetime(use) {} }
    guard core.cached == nil else { return nil }
    do {
      try await core.reach()
      return try await core.cluster.call(question, on: owner, Nothing())
    } catch {
      if core.cached != nil { return nil }
      throw error
    }
  }

  private func putToOwner(_ value: Value) async throws {
    let use = FutureCore.Use(of: core)
    defer { withExtendedLifetime(use) {} }
    guard core.cached == nil else { throw ClusterError.alreadySet(id) }
    try await core.reach()
    do {
      _ = try await core.cluster.call(PutReference<Value>(id: id), on: owner, value)
    } catch let error as RemoteError {
      throw error.underlying as? ClusterError ?? error
    }
  }

  private func resolve() -> FutureCore.Outcome? {
    core.resolve { [cluster = core.cluster] reply, link in try cluster.decode(reply, from: link, as: Value.self) }
  }

  private func typed(_ outcome: FutureCore.Outcome) throws -> Value {
    guard let value = try outcome.get() as? Value else {
      throw ClusterError(.invalidArgument, "the reference \(id) does not hold a \(Value.self)")
    }
    return value
  }

  private static var nothingThere: ClusterError {
    ClusterError(.invalidArgument, "this future was not received from a process of the cluster: nothing is behind it")
  }

  // MARK: Codable

  private enum CodingKeys: String, CodingKey { case owner, whence, id, value, reference }

  /// Outside the cluster's own messages only an empty reference is written.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    guard let outgoing = encoder.userInfo[.outgoingReferences] as? OutgoingReferences, owner != 0 else {
      try container.encode(0, forKey: .owner)
      return
    }
    let use = FutureCore.Use(of: core)
    if let outcome = resolve(), let value = try? typed(outcome) {
      try container.encode(owner.rawValue, forKey: .owner)
      try container.encode(id.whence.rawValue, forKey: .whence)
      try container.encode(id.id, forKey: .id)
      try container.encode(value, forKey: .value)
    } else {
      core.hold()
      try container.encode(outgoing.add(id, owner: owner, keeping: use), forKey: .reference)
    }
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let cluster = Cluster.current
    if let place = try container.decodeIfPresent(Int.self, forKey: .reference),
      let received = decoder.userInfo[.receivedReferences] as? ReceivedReferences
    {
      core = try received.core(at: place) { owner, id, registrar in
        // The maker's word that there is such a future may still be on its way to its owner, which then asks itself.
        let here = owner == cluster.myid ? try? cluster.references.promise(id) : nil
        let source: FutureCore.Source = here.map { .local($0) } ?? .owner
        return FutureCore(cluster: cluster, owner: owner, id: id, source: source, holds: true, registrar: registrar)
      }
      return
    }
    let owner = ProcessID(try container.decode(Int.self, forKey: .owner))
    guard owner.rawValue > 0 else {
      let id = RRID(whence: ProcessID(0), id: 0)
      core = FutureCore(cluster: cluster, owner: 0, id: id, source: .nothing, holds: false)
      return
    }
    let id = RRID(
      whence: ProcessID(try container.decode(Int.self, forKey: .whence)),
      id: try container.decode(UInt64.self, forKey: .id))
    let value = try container.decode(Value.self, forKey: .value)
    core = FutureCore(cluster: cluster, owner: owner, id: id, source: .owner, holds: false, cached: .success(value))
  }
}

/// A channel that any process of the cluster puts values in and takes values from.
///
/// It lives on `owner`; the reference may be sent to other processes, and keeps the channel alive while any of them has
/// it. Values are taken in the order in which they were put, each by one taker: a value that is on its way to a process
/// that is lost goes to the next.
///
///     let jobs = RemoteChannel<Int>(capacity: 32)
///     for pid in workers() { try await remoteDo(Work(jobs: jobs), on: pid) }     // for try await job in jobs { … }
///     for job in 1...100 { try await jobs.put(job) }
///     try await jobs.close()
///
/// Everything throws `ProcessExitedError` when the owner has gone.
public final class RemoteChannel<Element: Codable & Sendable>: AbstractRemoteRef, Codable, AsyncSequence {
  private let handle: ChannelHandle

  public var owner: ProcessID { handle.owner }
  public var id: RRID { handle.id }

  /// A channel with a buffer; nothing is sent until it is first used.
  ///
  /// - Parameters:
  ///   - capacity: how many values it takes before somebody takes them; 0 hands each from one task to another,
  ///     `.max` always has room.
  ///   - owner: the process that keeps it.
  public init(capacity: Int = 1, on owner: ProcessID = myid()) {
    precondition(capacity >= 0, "the capacity of a channel is at least 0, not \(capacity)")
    handle = ChannelHandle(cluster: .current, owner: owner, factory: BufferFactory<Element>(capacity: capacity))
  }

  /// A channel of your own making.
  ///
  /// - Parameters:
  ///   - owner: the process that makes and keeps it.
  ///   - factory: makes it there.
  public init(on owner: ProcessID = myid(), _ factory: some ChannelFactory<Element>) {
    handle = ChannelHandle(cluster: .current, owner: owner, factory: CustomFactory(factory: factory))
  }

  // MARK: Values

  /// Returns once the channel has taken the value.
  ///
  /// - Throws: `ClusterError` `.channelClosed`; `CancellationError` when the task was cancelled before the channel had
  ///   taken the value, which is then not put.
  public func put(_ element: Element) async throws {
    if let channel = handle.local, try channel.attempt(.put(element), for: nil) != nil { return }
    if handle.isHere { return try await handle.channelHere().put(element, for: nil) }
    try await handle.put(element, Self.entries)
  }

  /// The first value, removed from the channel, as soon as there is one.
  ///
  /// - Throws: `ClusterError` `.channelClosed` when there will be none; `CancellationError` when the task is cancelled:
  ///   no value is lost by that.
  public func take() async throws -> Element {
    if let channel = handle.local, let value = try channel.attempt(.take, for: nil) {
      return try channel.cast(value, to: Element.self)
    }
    if handle.isHere {
      let channel = try await handle.channelHere()
      return try await channel.cast(channel.take(for: nil), to: Element.self)
    }
    return try await handle.take(Self.entries)
  }

  private static func entries(in functions: FunctionRegistry) throws -> ChannelHandle.Entries {
    try ChannelHandle.Entries(of: Element.self, in: functions)
  }

  /// The first value, which stays where it is, as soon as there is one.
  ///
  /// - Throws: as `take`.
  public func fetch() async throws -> Element {
    if handle.isHere {
      let channel = try await handle.channelHere()
      return try await channel.cast(channel.fetch(for: nil), to: Element.self)
    }
    return try await handle.wait { FetchFromChannel<Element>(call: $0) }
  }

  /// Returns as soon as there is a value.
  ///
  /// - Throws: as `take`.
  public func wait() async throws {
    if handle.isHere { return try await handle.channelHere().wait(for: nil) }
    _ = try await handle.wait { WaitForChannel(call: $0) }
  }

  /// Whether there is a value to be taken.
  public func isReady() async throws -> Bool { try await ask(.isReady) }

  // MARK: The channel

  /// Takes no more values from now on; those that are there can still be taken. Tasks that wait with a value to put
  /// get `ClusterError` `.channelClosed`, and so do those that wait for a value, once none is left.
  public func close() async throws {
    if handle.isHere { return try await handle.channelHere().close() }
    _ = try await handle.ask(CloseChannel(id: id), Nothing())
  }

  /// Whether values may be put.
  public var isOpen: Bool { get async throws { try await ask(.isOpen) } }

  /// Whether there is nothing to be taken.
  public var isEmpty: Bool { get async throws { try await ask(.isEmpty) } }

  private func ask(_ question: ChannelQuestion) async throws -> Bool {
    if handle.isHere { return try await handle.channelHere().ask(question) }
    return try await handle.ask(AskChannel(id: id), question)
  }

  // MARK: Codable

  private enum CodingKeys: String, CodingKey { case owner, reference }

  /// Outside the cluster's own messages only an empty reference is written.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    guard let outgoing = encoder.userInfo[.outgoingReferences] as? OutgoingReferences, owner != 0 else {
      try container.encode(0, forKey: .owner)
      return
    }
    handle.hold()
    try container.encode(outgoing.add(id, owner: owner, keeping: handle), forKey: .reference)
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let cluster = Cluster.current
    if let place = try container.decodeIfPresent(Int.self, forKey: .reference),
      let received = decoder.userInfo[.receivedReferences] as? ReceivedReferences
    {
      handle = try received.core(at: place) { owner, id, registrar in
        ChannelHandle(cluster: cluster, owner: owner, id: id, registrar: registrar)
      }
    } else {
      handle = ChannelHandle(emptyIn: cluster)
    }
  }
}

// MARK: - Keys

/// For a channel with keys, made by a `ChannelFactory`. Others throw `ClusterError` `.invalidArgument`.
extension RemoteChannel {
  /// Puts a value at a key.
  public func put<Key: ChannelKey>(_ element: Element, at key: Key) async throws {
    if handle.isHere { return try await handle.channelHere().put(element, at: key, for: nil) }
    try await handle.put(element) { PutToChannelAt<Element, Key>(call: $0, key: key) }
  }

  /// The value at a key, removed.
  public func take<Key: ChannelKey>(at key: Key) async throws -> Element {
    if handle.isHere {
      let channel = try await handle.channelHere()
      return try await channel.cast(channel.take(at: key, for: nil), to: Element.self)
    }
    return try await handle.takeKeyed { TakeFromChannelAt<Element, Key>(call: $0, key: key) }
  }

  /// The value at a key, which stays where it is.
  public func fetch<Key: ChannelKey>(at key: Key) async throws -> Element {
    if handle.isHere {
      let channel = try await handle.channelHere()
      return try await channel.cast(channel.fetch(at: key, for: nil), to: Element.self)
    }
    return try await handle.wait { FetchFromChannelAt<Element, Key>(call: $0, key: key) }
  }

  /// Whether there is a value at a key.
  public func isReady<Key: ChannelKey>(at key: Key) async throws -> Bool {
    if handle.isHere { return try await handle.channelHere().isReady(at: key) }
    return try await handle.ask(ChannelIsReadyAt<Key>(id: id, key: key), Nothing())
  }
}

// MARK: - Iteration

extension RemoteChannel {
  /// Takes the values of a channel, one at a time, until it is closed and empty. Others may take from it, too.
  public struct Iterator: AsyncIteratorProtocol {
    fileprivate let channel: RemoteChannel
    fileprivate let ahead = ReadAhead<Element>()

    public func next() async throws -> Element? { try await next(isolation: nil) }

    public func next(isolation: isolated (any Actor)?) async throws -> Element? {
      if let element = try ahead.takeNext() { return element }
      do {
        if channel.handle.isHere { return try await channel.take() }
        return try await ahead.take(from: channel.handle, RemoteChannel.entries)
      } catch let error as ClusterError where error.code == .channelClosed {
        return nil
      }
    }
  }

  public func makeAsyncIterator() -> Iterator { Iterator(channel: self) }
}

/// Julia's `channel_from_id`: the channel behind a reference that this process owns.
///
/// - Throws: `ClusterError` `.invalidArgument` when there is none, or its elements are of another type.
public func channelFromID<Element: Codable & Sendable>(
  _ id: RRID, of type: Element.Type
) throws -> any AbstractChannel<Element> {
  let channel = try Cluster.current.references.channel(id)
  try channel.check(type)
  if let channel = channel as? CustomChannel<Element> { return channel.channel }
  guard let channel = channel as? BufferedChannel else { preconditionFailure("there are no other kinds") }
  return TypedBufferedChannel(channel)
}

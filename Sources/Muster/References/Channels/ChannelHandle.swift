import Synchronization

/// All of a `RemoteChannel` that does not depend on the type of its elements: where it is and how it is asked.
final class ChannelHandle: Sendable {
  /// The channel that its owner is to make before it hears anything else of it.
  struct Creation: Sendable {
    /// Throws when other processes could not find a type by name.
    let check: @Sendable () throws -> Void
    let encode: @Sendable (_ receiver: ProcessID) throws -> EncodedCast
  }

  private struct State: Sendable {
    /// The owner counts this process among the holders.
    var holds: Bool
    var creation: Creation?
    var entries: Entries?
  }

  /// By what numbers the operations on a channel are called, so that generic code need not look for their types.
  final class Entries: Sendable {
    let put: FunctionEntry
    let take: FunctionEntry
    let borrow: FunctionEntry
    let acknowledgeTake: FunctionEntry
    let acknowledgeLoan: FunctionEntry

    init<Element: Codable & Sendable>(of element: Element.Type, in functions: FunctionRegistry) throws {
      put = try functions.entry(of: PutToChannel<Element>.self)
      take = try functions.entry(of: TakeFromChannel<Element>.self)
      borrow = try functions.entry(of: BorrowFromChannel<Element>.self)
      acknowledgeTake = try functions.entry(of: AcknowledgeTake.self)
      acknowledgeLoan = try functions.entry(of: AcknowledgeLoan.self)
    }
  }

  let cluster: Cluster
  let owner: ProcessID
  let id: RRID
  /// In the process that owns it, the channel itself: nothing is encoded there.
  let local: (any KeptChannel)?
  let isHere: Bool
  /// Who registered this process's hold with the owner; `nil` for itself.
  private let registrar: ProcessID?
  private let state: Mutex<State>

  /// A new channel.
  init(cluster: Cluster, owner: ProcessID, factory: some KeptChannelFactory) {
    let id = cluster.nextReference()
    self.cluster = cluster
    self.owner = owner
    self.id = id
    registrar = nil
    isHere = owner == cluster.myid
    if isHere {
      let channel = factory.makeKept(for: cluster)
      cluster.references.create(id, holder: owner, channel: channel)
      local = channel
      state = Mutex(State(holds: true, creation: nil))
    } else {
      let call = CreateChannel(owner: owner, id: id, factory: factory)
      local = nil
      state = Mutex(State(holds: false, creation: Creation(cluster: cluster, call)))
    }
  }

  /// One that was received; its hold has been registered.
  init(cluster: Cluster, owner: ProcessID, id: RRID, registrar: ProcessID) {
    self.cluster = cluster
    self.owner = owner
    self.id = id
    self.registrar = registrar
    isHere = owner == cluster.myid
    local = isHere ? try? cluster.references.channel(id) : nil
    state = Mutex(State(holds: true, creation: nil))
  }

  /// One that came from outside the cluster: nothing is behind it.
  init(emptyIn cluster: Cluster) {
    self.cluster = cluster
    owner = 0
    id = RRID(whence: 0, id: 0)
    registrar = nil
    local = nil
    isHere = false
    state = Mutex(State(holds: false, creation: nil))
  }

  deinit {
    if state.withLock({ $0.holds }) { cluster.releases.add(id, owner: owner, registrar: registrar) }
  }

  /// The owner makes the channel, if it has not yet, and counts this process among the holders, before it hears anything
  /// else. Said under the lock: who finds it said may go on.
  func hold() {
    state.withLock { state in
      guard let creation = state.creation else { return }
      cluster.releases.create(on: owner, creation.encode)
      state.holds = true
      state.creation = nil
    }
  }

  /// The channel itself, in the process that owns it.
  func channelHere() async throws -> any KeptChannel {
    if let local { return local }
    // It was sent here before its maker's word that there is such a channel has come.
    return try await cluster.channel(id)
  }

  /// The connection to the owner, which knows the channel or hears of it now.
  private func reach() async throws -> Link {
    guard owner != 0 else {
      throw ClusterError(
        .invalidArgument, "this channel was not received from a process of the cluster: nothing is behind it")
    }
    try state.withLock { $0.creation }?.check()
    let link = try await cluster.link(to: owner)
    hold()
    return link
  }

  /// `reach` without waiting, once this has been here before.
  private func reachNow() -> (Link, Entries)? {
    guard let entries = state.withLock({ $0.entries }), let link = cluster.openLink(to: owner) else { return nil }
    return (link, entries)
  }

  private func reach(_ makeEntries: (FunctionRegistry) throws -> Entries) async throws -> (Link, Entries) {
    let link = try await reach()
    let entries = try makeEntries(cluster.functions)
    state.withLock { $0.entries = entries }
    return (link, entries)
  }

  // MARK: Asking the owner

  /// Asks for what is done at once.
  func ask<F: RemoteFunction>(_ function: F, _ input: F.Input) async throws -> F.Output {
    _ = try await reach()
    return try await asHere { try await cluster.call(function, on: owner, input) }
  }

  /// Asks for what may take long; the owner hears of it when it is not wanted any more.
  func wait<F: RemoteFunction>(_ function: (ChannelCall) -> F) async throws -> F.Output where F.Input == Nothing {
    try await asHere { try await callOwner(function) { _, _ in } }
  }

  /// Takes a value. Until this process says that it has it the owner keeps it, for another one.
  ///
  /// - Parameter makeEntries: called once.
  func take<Element: Codable>(_ makeEntries: (FunctionRegistry) throws -> Entries) async throws -> Element {
    while true {
      let (link, entries) = if let now = reachNow() { now } else { try await reach(makeEntries) }
      let call = ChannelCall(id, cluster.nextReceipt())
      do {
        await link.paceIfNeeded()
        let slot = try cluster.sendCall(entries.take, over: link) { writer in
          try writer.encode(call)
          try writer.encode(Nothing())
        }
        let value = try cluster.decode(await link.reply(to: slot), from: link, as: Element.self)
        // An owner that has gone has given it to nobody else.
        try? cluster.cast(entries.acknowledgeTake, over: link) { writer in
          try writer.encode(call)
          try writer.encode(Nothing())
        }
        return value
      } catch {
        // Also where there is a value that cannot be decoded here.
        cancel(call, over: link)
        try throwAsHere(error)
      }
    }
  }

  /// Takes the first of several values, and has the others lent.
  ///
  /// - Returns: at least one value.
  func borrow<Element: Codable>(
    _ limit: Int, _ makeEntries: (FunctionRegistry) throws -> Entries
  ) async throws -> ([Element], Borrowing) {
    while true {
      let (link, entries) = if let now = reachNow() { now } else { try await reach(makeEntries) }
      let call = ChannelCall(id, cluster.nextReceipt())
      let borrowing = Borrowing(call, over: link, cluster, acknowledgement: entries.acknowledgeLoan)
      do {
        await link.paceIfNeeded()
        let slot = try cluster.sendCall(entries.borrow, over: link) { writer in
          try writer.encode(call)
          try writer.encode(limit)
        }
        let values = try cluster.decode(await link.reply(to: slot), from: link, as: [Element].self)
        guard !values.isEmpty else { throw ClusterError(.cannotDecode, "a channel has answered without a value") }
        try borrowing.arrive(values.count)
        return (values, borrowing)
      } catch {
        borrowing.forget()
        cancel(call, over: link)
        try throwAsHere(error)
      }
    }
  }

  /// `take` of a value under a key.
  func takeKeyed<F: RemoteFunction>(_ function: (ChannelCall) -> F) async throws -> F.Output where F.Input == Nothing {
    try await asHere {
      try await callOwner(function) { call, link in
        try? cluster.cast(AcknowledgeTake(call: call), Nothing(), over: link)
      }
    }
  }

  private func callOwner<F: RemoteFunction>(
    _ function: (ChannelCall) -> F, _ received: (ChannelCall, Link) -> Void
  ) async throws -> F.Output where F.Input == Nothing {
    let link = try await reach()
    let call = ChannelCall(id, cluster.nextReceipt())
    do {
      let output = try await cluster.call(function(call), on: owner, Nothing())
      received(call, link)
      return output
    } catch {
      // Also where there is a value that cannot be decoded here.
      cancel(call, over: link)
      throw error
    }
  }

  /// Puts a value. When the task is cancelled this still waits for the owner's word on whether it has taken the value.
  ///
  /// - Parameter makeEntries: called once.
  func put<Element: Encodable>(_ element: Element, _ makeEntries: (FunctionRegistry) throws -> Entries) async throws {
    while true {
      let (link, entries) = if let now = reachNow() { now } else { try await reach(makeEntries) }
      do {
        try Task.checkCancellation()
        let call = ChannelCall(id, cluster.nextReceipt())
        await link.paceIfNeeded()
        let slot = try cluster.sendCall(entries.put, over: link) { writer in
          try writer.encode(call)
          try write(element, to: writer)
        }
        return try await outcome(of: call, slot, over: link)
      } catch {
        try throwAsHere(error)
      }
    }
  }

  private func write(_ element: some Encodable, to writer: FrameWriter) throws {
    do {
      try writer.encode(element)
    } catch {
      throw ClusterError(
        .cannotEncode, "cannot encode a value for the channel \(id): \(error). Nothing was sent", cause: error)
    }
  }

  /// `put` of what is not often put.
  func put<F: RemoteFunction>(_ element: F.Input, _ function: (ChannelCall) -> F) async throws {
    while true {
      let link = try await reach()
      do {
        try Task.checkCancellation()
        let call = ChannelCall(id, cluster.nextReceipt())
        await link.paceIfNeeded()
        let slot = try cluster.sendCall(function(call), element, over: link)
        return try await outcome(of: call, slot, over: link)
      } catch {
        try throwAsHere(error)
      }
    }
  }

  /// The owner's word on a put.
  private func outcome(of call: ChannelCall, _ slot: UInt64, over link: Link) async throws {
    let reply = await withTaskCancellationHandler {
      await link.certainReply(to: slot)
    } onCancel: {
      cancel(call, over: link)
    }
    _ = try cluster.decode(reply, from: link, as: Nothing.self)
  }

  private func cancel(_ call: ChannelCall, over link: Link) {
    // A link that has ended has told the owner enough.
    try? cluster.cast(CancelChannelCall(call: call), Nothing(), over: link)
  }

  /// Muster's errors are the same whether the channel is here or elsewhere. Asks again where the owner had not heard of
  /// the channel yet.
  private func asHere<Value>(_ body: () async throws -> Value) async throws -> Value {
    while true {
      do { return try await body() } catch { try throwAsHere(error) }
    }
  }

  /// Returns where the owner had not heard of the channel and is to be asked again.
  private func throwAsHere(_ error: any Error) throws {
    guard let remote = error as? RemoteError else { throw error }
    if remote.underlying is ChannelWasLate { return }
    if Task.isCancelled, remote.typeName.hasSuffix("CancellationError") { throw CancellationError() }
    throw remote.underlying as? ClusterError ?? remote
  }
}

extension ChannelHandle.Creation {
  init<Factory: KeptChannelFactory>(cluster: Cluster, _ call: CreateChannel<Factory>) {
    check = { _ = try cluster.functions.entry(of: CreateChannel<Factory>.self) }
    encode = { receiver in try cluster.encodeCast(call, to: receiver) }
  }
}

extension Link {
  /// Waits for the answer, also when the task is cancelled.
  func certainReply(to id: UInt64) async -> Reply {
    if let reply = replyThatComesSoon(to: id) { return reply }
    return await withUnsafeContinuation { continuation in
      if let reply = pending.withLock({ $0.wait(for: id, .caller(continuation)) }) {
        continuation.resume(returning: reply)
      }
    }
  }
}

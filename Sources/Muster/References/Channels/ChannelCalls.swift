/// What processes ask the owner of a channel: internal remote functions, like everything else.
///
/// Those that a `cancel` may follow are ordered: up to where they first suspend nothing overtakes them.

/// Makes a channel, held by the process that made the reference.
struct CreateChannel<Factory: KeptChannelFactory>: RemoteAction, OrderedFunction {
  let owner: ProcessID
  let id: RRID
  let factory: Factory

  func callAsFunction() {
    let cluster = Cluster.current
    guard owner == cluster.myid else {
      // Its maker has no connection to the owner.
      return cluster.releases.create(on: owner) { [self] in try cluster.cast(self, Nothing(), over: $0) }
    }
    cluster.references.create(id, holder: id.whence, channel: factory.makeKept(for: cluster))
  }
}

struct PutToChannel<Element: Codable & Sendable>: RemoteProcedure, OrderedFunction {
  typealias Input = Element
  let call: ChannelCall

  func callAsFunction(_ element: Element) async throws {
    let channel = try await call.channel(of: Element.self)
    try await call.perform(on: channel) { try await channel.put(element, for: call.receipt) }
  }
}

struct TakeFromChannel<Element: Codable & Sendable>: RemoteThunk, OrderedFunction {
  let call: ChannelCall

  func callAsFunction() async throws -> Element {
    let channel = try await call.channel(of: Element.self)
    return try await call.perform(on: channel) {
      try channel.cast(await channel.take(for: call.receipt), to: Element.self)
    }
  }
}

struct FetchFromChannel<Element: Codable & Sendable>: RemoteThunk, OrderedFunction {
  let call: ChannelCall

  func callAsFunction() async throws -> Element {
    let channel = try await call.channel(of: Element.self)
    return try await call.perform(on: channel) {
      try channel.cast(await channel.fetch(for: call.receipt), to: Element.self)
    }
  }
}

struct WaitForChannel: RemoteAction, OrderedFunction {
  let call: ChannelCall

  func callAsFunction() async throws {
    let channel = try await call.channel()
    try await call.perform(on: channel) { try await channel.wait(for: call.receipt) }
  }
}

struct AskChannel: RemoteFunction, InternalFunction {
  let id: RRID

  func callAsFunction(_ question: ChannelQuestion) async throws -> Bool {
    try await Cluster.current.channel(id).ask(question)
  }
}

struct CloseChannel: RemoteAction, InternalFunction {
  let id: RRID

  func callAsFunction() async throws { try await Cluster.current.channel(id).close() }
}

// MARK: Keys

struct PutToChannelAt<Element: Codable & Sendable, Key: ChannelKey>: RemoteProcedure, OrderedFunction {
  typealias Input = Element
  let call: ChannelCall
  let key: Key

  func callAsFunction(_ element: Element) async throws {
    let channel = try await call.channel(of: Element.self)
    try await call.perform(on: channel) { try await channel.put(element, at: key, for: call.receipt) }
  }
}

struct TakeFromChannelAt<Element: Codable & Sendable, Key: ChannelKey>: RemoteThunk, OrderedFunction {
  let call: ChannelCall
  let key: Key

  func callAsFunction() async throws -> Element {
    let channel = try await call.channel(of: Element.self)
    return try await call.perform(on: channel) {
      try channel.cast(await channel.take(at: key, for: call.receipt), to: Element.self)
    }
  }
}

struct FetchFromChannelAt<Element: Codable & Sendable, Key: ChannelKey>: RemoteThunk, OrderedFunction {
  let call: ChannelCall
  let key: Key

  func callAsFunction() async throws -> Element {
    let channel = try await call.channel(of: Element.self)
    return try await call.perform(on: channel) {
      try channel.cast(await channel.fetch(at: key, for: call.receipt), to: Element.self)
    }
  }
}

struct ChannelIsReadyAt<Key: ChannelKey>: RemoteThunk, InternalFunction {
  let id: RRID
  let key: Key

  func callAsFunction() async throws -> Bool {
    try await Cluster.current.channel(id).isReady(at: key)
  }
}

// MARK: What follows

/// The taker has the value. Sent before the taker's task goes on: whatever that tells the owner comes behind it.
struct AcknowledgeTake: RemoteAction, OrderedFunction {
  let call: ChannelCall

  func callAsFunction() { try? Cluster.current.references.channel(call.id).acknowledge(call.receipt) }
}

/// Whoever asked does not want it any more.
struct CancelChannelCall: RemoteAction, OrderedFunction {
  let call: ChannelCall

  func callAsFunction() { try? Cluster.current.references.channel(call.id).cancel(call.receipt) }
}

/// Which operation on which channel.
struct ChannelCall: Codable, Sendable {
  let whence: Int
  let number: UInt64
  let caller: Int
  let receiptNumber: UInt64

  init(_ id: RRID, _ receipt: Receipt) {
    whence = id.whence.rawValue
    number = id.id
    caller = receipt.process.rawValue
    receiptNumber = receipt.number
  }

  var receipt: Receipt { Receipt(process: ProcessID(caller), number: receiptNumber) }

  var id: RRID { RRID(whence: ProcessID(whence), id: number) }

  /// The channel. Does not suspend if it is there.
  ///
  /// - Throws: `ChannelWasLate` when it is there only now; `ClusterError` when it is not.
  func channel() async throws -> any KeptChannel {
    let cluster = Cluster.current
    if cluster.references.contains(id) { return try cluster.references.channel(id) }
    _ = try await cluster.channel(id)
    throw ChannelWasLate()
  }

  func channel<Element>(of type: Element.Type) async throws -> any KeptChannel {
    let channel = try await channel()
    try channel.check(type)
    return channel
  }

  /// Runs the operation for its caller, unless that has gone: nobody would ever tell what became of it.
  func perform<Value>(on channel: any KeptChannel, _ body: () async throws -> Value) async throws -> Value {
    defer {
      // Had it gone before the operation began, the channel was told too early.
      if Cluster.current.references.isGone(receipt.process) { channel.lost(receipt.process) }
    }
    return try await body()
  }
}

/// The owner did not know the channel when it was asked, and does now. Whoever asked asks again: what follows a request
/// that waits for its channel, such as that it is not wanted any more, would overtake it.
struct ChannelWasLate: Error, Codable {}

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
      return cluster.releases.create(on: owner) { [self] in try cluster.encodeCast(self, to: $0) }
    }
    cluster.references.create(id, holder: id.whence, channel: factory.makeKept(for: cluster))
  }
}

struct PutToChannel<Element: Codable & Sendable>: ChannelFunction {
  let call: ChannelCall

  func callAsFunction(_ element: Element) async throws -> Nothing {
    guard let channel = try call.channel(of: Element.self) else { throw try await call.tooEarly() }
    if try call.attempt(.put(element), on: channel) == nil {
      try await call.perform(on: channel) { try await channel.put(element, for: call.receipt) }
    }
    return Nothing()
  }
}

struct TakeFromChannel<Element: Codable & Sendable>: ChannelFunction {
  let call: ChannelCall

  func callAsFunction(_: Nothing) async throws -> Element {
    guard let channel = try call.channel(of: Element.self) else { throw try await call.tooEarly() }
    if let value = try call.attempt(.take, on: channel) { return try channel.cast(value, to: Element.self) }
    return try await call.perform(on: channel) {
      try channel.cast(await channel.take(for: call.receipt), to: Element.self)
    }
  }
}

/// Takes a value, or has several lent, for who goes through them one after the other.
struct BorrowFromChannel<Element: Codable & Sendable>: ChannelFunction {
  let call: ChannelCall

  func callAsFunction(_ limit: Int) async throws -> [Element] {
    guard let channel = try call.channel(of: Element.self) else { throw try await call.tooEarly() }
    if let values = try call.lend(limit, from: channel) {
      return try values.map { try channel.cast($0, to: Element.self) }
    }
    return try await call.perform(on: channel) {
      [try channel.cast(await channel.take(for: call.receipt), to: Element.self)]
    }
  }
}

struct FetchFromChannel<Element: Codable & Sendable>: ChannelFunction {
  let call: ChannelCall

  func callAsFunction(_: Nothing) async throws -> Element {
    guard let channel = try call.channel(of: Element.self) else { throw try await call.tooEarly() }
    return try await call.perform(on: channel) {
      try channel.cast(await channel.fetch(for: call.receipt), to: Element.self)
    }
  }
}

struct WaitForChannel: ChannelFunction {
  let call: ChannelCall

  func callAsFunction(_: Nothing) async throws -> Nothing {
    guard let channel = try call.channel() else { throw try await call.tooEarly() }
    try await call.perform(on: channel) { try await channel.wait(for: call.receipt) }
    return Nothing()
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
    guard let channel = try call.channel(of: Element.self) else { throw try await call.tooEarly() }
    try await call.perform(on: channel) { try await channel.put(element, at: key, for: call.receipt) }
  }
}

struct TakeFromChannelAt<Element: Codable & Sendable, Key: ChannelKey>: RemoteThunk, OrderedFunction {
  let call: ChannelCall
  let key: Key

  func callAsFunction() async throws -> Element {
    guard let channel = try call.channel(of: Element.self) else { throw try await call.tooEarly() }
    return try await call.perform(on: channel) {
      try channel.cast(await channel.take(at: key, for: call.receipt), to: Element.self)
    }
  }
}

struct FetchFromChannelAt<Element: Codable & Sendable, Key: ChannelKey>: RemoteThunk, OrderedFunction {
  let call: ChannelCall
  let key: Key

  func callAsFunction() async throws -> Element {
    guard let channel = try call.channel(of: Element.self) else { throw try await call.tooEarly() }
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
struct AcknowledgeTake: ChannelFunction {
  let call: ChannelCall

  func callAsFunction(_: Nothing) -> Nothing {
    try? Cluster.current.references.channel(call.id).acknowledge(call.receipt)
    return Nothing()
  }
}

/// The taker has taken so many of those that it was lent. Likewise.
struct AcknowledgeLoan: ChannelFunction {
  let call: ChannelCall

  func callAsFunction(_ count: Int) -> Nothing {
    try? Cluster.current.references.channel(call.id).acknowledge(call.receipt, count: count)
    return Nothing()
  }
}

/// Whoever asked does not want it any more.
struct CancelChannelCall: ChannelFunction {
  let call: ChannelCall

  func callAsFunction(_: Nothing) -> Nothing {
    try? Cluster.current.references.channel(call.id).cancel(call.receipt)
    return Nothing()
  }
}

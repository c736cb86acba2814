import Synchronization

/// A user's channel behind a `RemoteChannel`.
///
/// What other processes ask for runs in tasks of its own, so that it can be cancelled and that no code of a user's
/// runs where requests are received.
final class CustomChannel<Element: Codable & Sendable>: KeptChannel {
  private enum Call {
    case running(Task<any Sendable, any Error>)
    case cancelled
    /// A value that is on its way to its taker, and how to take it back.
    case handedOut(number: UInt64, giveBack: @Sendable () async throws -> Void)
  }

  private struct State: Sendable {
    var calls: [Receipt: Call] = [:]
    var lastNumber: UInt64 = 0
  }

  let channel: any AbstractChannel<Element>
  private let cluster: Cluster
  private let state = Mutex(State())

  init(_ channel: any AbstractChannel<Element>, cluster: Cluster) {
    self.channel = channel
    self.cluster = cluster
  }

  var elementType: any Any.Type { Element.self }

  /// Whether a user's channel has to wait only it knows.
  func attempt(_ operation: ChannelOperation, for receipt: Receipt?) -> (any Sendable)? { nil }

  func put(_ value: any Sendable, for receipt: Receipt?) async throws {
    let element = try cast(value, to: Element.self)
    _ = try await run(receipt) { [channel] in
      try await channel.put(element)
      return true
    }
  }

  func take(for receipt: Receipt?) async throws -> any Sendable {
    try await handOut(
      receipt, take: { [channel] in try await channel.take() },
      giveBack: { [channel] in try await channel.putBack($0) })
  }

  func fetch(for receipt: Receipt?) async throws -> any Sendable {
    try await run(receipt) { [channel] in try await channel.fetch() }
  }

  func wait(for receipt: Receipt?) async throws {
    _ = try await run(receipt) { [channel] in
      try await channel.wait()
      return true
    }
  }

  func close() async throws { try await channel.close() }

  func ask(_ question: ChannelQuestion) async throws -> Bool {
    switch question {
    case .isReady: try await channel.isReady()
    case .isOpen: try await channel.isOpen
    case .isEmpty: try await channel.isEmpty
    }
  }

  func put(_ value: any Sendable, at key: some ChannelKey, for receipt: Receipt?) async throws {
    let element = try cast(value, to: Element.self)
    _ = try await run(receipt) { [channel] in
      try await channel.put(element, at: key)
      return true
    }
  }

  func take(at key: some ChannelKey, for receipt: Receipt?) async throws -> any Sendable {
    try await handOut(
      receipt, take: { [channel] in try await channel.take(at: key) },
      giveBack: { [channel] in try await channel.putBack($0, at: key) })
  }

  func fetch(at key: some ChannelKey, for receipt: Receipt?) async throws -> any Sendable {
    try await run(receipt) { [channel] in try await channel.fetch(at: key) }
  }

  func isReady(at key: some ChannelKey) async throws -> Bool { try await channel.isReady(at: key) }

  // MARK: Other processes

  func acknowledge(_ receipt: Receipt) { state.withLock { $0.calls[receipt] = nil } }

  func cancel(_ receipt: Receipt) { cancel([receipt]) }

  func lost(_ pid: ProcessID) { cancel(state.withLock { $0.calls.keys.filter { $0.process == pid } }) }

  private func cancel(_ receipts: [Receipt]) {
    let calls = state.withLock { state in
      receipts.compactMap { receipt -> Call? in
        guard let call = state.calls.removeValue(forKey: receipt) else { return nil }
        if case .handedOut = call {} else { state.calls[receipt] = .cancelled }
        return call
      }
    }
    var handedOut: [(number: UInt64, giveBack: @Sendable () async throws -> Void)] = []
    for call in calls {
      switch call {
      case .running(let task): task.cancel()
      case .cancelled: break
      case .handedOut(let number, let giveBack): handedOut.append((number, giveBack))
      }
    }
    // The latest first: each is put before the others by a channel that puts back to the front.
    let inOrder = handedOut.sorted { $0.number > $1.number }.map(\.giveBack)
    if !inOrder.isEmpty { cluster.task { for giveBack in inOrder { try? await giveBack() } } }
  }

  private func run(
    _ receipt: Receipt?, _ body: @escaping @Sendable () async throws -> any Sendable
  ) async throws -> any Sendable {
    guard let receipt else { return try await body() }
    defer { state.withLock { $0.calls[receipt] = nil } }
    return try await begin(receipt, body).value
  }

  private func begin(
    _ receipt: Receipt, _ body: @escaping @Sendable () async throws -> any Sendable
  ) -> Task<any Sendable, any Error> {
    let task = Task(executorPreference: cluster.engine) { [cluster] in
      try await Cluster.$taskCluster.withValue(cluster) { try await body() }
    }
    state.withLock { $0.calls[receipt] = .running(task) }
    return task
  }

  private func handOut(
    _ receipt: Receipt?, take: @escaping @Sendable () async throws -> Element,
    giveBack: @escaping @Sendable (Element) async throws -> Void
  ) async throws -> any Sendable {
    guard let receipt else { return try await take() }
    let value: any Sendable
    do {
      value = try await begin(receipt, take).value
    } catch {
      state.withLock { $0.calls[receipt] = nil }
      throw error
    }
    let element = try cast(value, to: Element.self)
    let isWanted = state.withLock { state in
      if case .cancelled? = state.calls.removeValue(forKey: receipt) { return false }
      state.lastNumber += 1
      state.calls[receipt] = .handedOut(number: state.lastNumber) { try await giveBack(element) }
      return true
    }
    if !isWanted {
      try await giveBack(element)
      throw CancellationError()
    }
    return value
  }
}

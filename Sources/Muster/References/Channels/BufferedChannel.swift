import Synchronization

/// The channel behind `RemoteChannel(capacity:)`: a thin shell around a `ChannelQueue`.
///
/// Not generic, so that no operation looks up type metadata.
final class BufferedChannel: KeptChannel {
  typealias Queue = ChannelQueue<UnsafeContinuation<Result<any Sendable, any Error>, Never>>

  let elementType: any Any.Type
  private let cluster: Cluster
  private let queue: Mutex<Queue>

  init(of elementType: any Any.Type, capacity: Int, cluster: Cluster) {
    self.elementType = elementType
    self.cluster = cluster
    queue = Mutex(Queue(capacity: capacity))
  }

  func attempt(_ operation: ChannelOperation, for receipt: Receipt?) throws -> (any Sendable)? {
    try change { try $0.attempt(operation, for: receipt, &$1) }
  }

  func put(_ value: any Sendable, for receipt: Receipt?) async throws { _ = try await perform(.put(value), receipt) }
  func take(for receipt: Receipt?) async throws -> any Sendable { try await perform(.take, receipt) }
  func fetch(for receipt: Receipt?) async throws -> any Sendable { try await perform(.fetch, receipt) }
  func wait(for receipt: Receipt?) async throws { _ = try await perform(.fetch, receipt) }
  func close() { change { $0.close(&$1) } }

  func ask(_ question: ChannelQuestion) async throws -> Bool {
    if case .isOpen = question { return queue.withLock { $0.isOpen } }
    let now = try attempt(.look, for: nil)
    let isReady = if let now { now as? Bool } else { try await perform(.look, nil) as? Bool }
    return (isReady == true) == (question == .isReady)
  }

  func lend(_ limit: Int, for receipt: Receipt) throws -> [any Sendable]? {
    try change { try $0.lend(limit, to: receipt, &$1) }
  }

  func acknowledge(_ receipt: Receipt) { change { $0.acknowledge(receipt, &$1) } }
  func acknowledge(_ receipt: Receipt, count: Int) { change { $0.acknowledge(receipt, count: count, &$1) } }
  func cancel(_ receipt: Receipt) { change { $0.cancel(receipt, &$1) } }
  func lost(_ pid: ProcessID) { change { $0.lose(pid, &$1) } }

  /// Values that other processes have taken and not yet acknowledged.
  var handedOutCount: Int { queue.withLock { $0.handedOutCount } }

  private func perform(_ operation: Queue.Operation, _ receipt: Receipt?) async throws -> any Sendable {
    let number = queue.withLock { $0.nextNumber() }
    let outcome = await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let outcome: Result<any Sendable, any Error>? = change { queue, wakeups in
          if Task.isCancelled { return .failure(CancellationError()) }
          do {
            if let value = try queue.attempt(operation, for: receipt, &wakeups) { return .success(value) }
          } catch {
            return .failure(error)
          }
          queue.wait(operation, continuation, number: number, for: receipt, &wakeups)
          return nil
        }
        if let outcome { continuation.resume(returning: outcome) }
      }
    } onCancel: {
      queue.withLock { $0.leave(operation, number: number) }?.resume(returning: .failure(CancellationError()))
    }
    return try outcome.get()
  }

  /// Changes the queue under the lock and tells who is concerned outside it.
  @discardableResult
  private func change<Value: Sendable>(_ body: (inout Queue, inout Queue.Wakeups) throws -> Value) rethrows -> Value {
    var wakeups: Queue.Wakeups = []
    var recall: Receipt?
    defer {
      for (waiter, outcome) in wakeups { waiter.resume(returning: outcome) }
      if let recall { cluster.recall(recall) }
    }
    return try queue.withLock { queue in
      defer { recall = queue.takeRecall() }
      return try body(&queue, &wakeups)
    }
  }
}

/// Channels that have no keys.
extension BufferedChannel {
  func put(_ value: any Sendable, at key: some ChannelKey, for receipt: Receipt?) throws { throw ClusterError.noKeys }
  func take(at key: some ChannelKey, for receipt: Receipt?) throws -> any Sendable { throw ClusterError.noKeys }
  func fetch(at key: some ChannelKey, for receipt: Receipt?) throws -> any Sendable { throw ClusterError.noKeys }
  func isReady(at key: some ChannelKey) throws -> Bool { throw ClusterError.noKeys }
}

/// A buffered channel seen with its type, for `channelFromID`.
final class TypedBufferedChannel<Element: Codable & Sendable>: AbstractChannel {
  private let channel: BufferedChannel

  init(_ channel: BufferedChannel) { self.channel = channel }

  func put(_ element: Element) async throws { try await channel.put(element, for: nil) }
  func take() async throws -> Element { try channel.cast(await channel.take(for: nil), to: Element.self) }
  func fetch() async throws -> Element { try channel.cast(await channel.fetch(for: nil), to: Element.self) }
  func wait() async throws { try await channel.wait(for: nil) }
  func isReady() async throws -> Bool { try await channel.ask(.isReady) }
  func close() { channel.close() }
  var isOpen: Bool { get async throws { try await channel.ask(.isOpen) } }
  var isEmpty: Bool { get async throws { try await channel.ask(.isEmpty) } }
}

/// A channel as its owner keeps it, whatever the type of its elements.
///
/// A receipt comes with what another process asks for; the value of a `take` is that process's once it is acknowledged.
/// Up to its first suspension each operation is done in the order in which requests arrive, so a `cancel` that was sent
/// behind one finds it.
protocol KeptChannel: AnyObject, Sendable {
  var elementType: any Any.Type { get }

  /// Does it if that is possible without waiting.
  ///
  /// - Returns: the value taken or fetched, something after a put; `nil` when it is to be waited for.
  func attempt(_ operation: ChannelOperation, for receipt: Receipt?) throws -> (any Sendable)?

  func put(_ value: any Sendable, for receipt: Receipt?) async throws
  func take(for receipt: Receipt?) async throws -> any Sendable
  func fetch(for receipt: Receipt?) async throws -> any Sendable
  func wait(for receipt: Receipt?) async throws
  func close() async throws
  func ask(_ question: ChannelQuestion) async throws -> Bool

  func put(_ value: any Sendable, at key: some ChannelKey, for receipt: Receipt?) async throws
  func take(at key: some ChannelKey, for receipt: Receipt?) async throws -> any Sendable
  func fetch(at key: some ChannelKey, for receipt: Receipt?) async throws -> any Sendable
  func isReady(at key: some ChannelKey) async throws -> Bool

  /// Takes a value, or has several lent, without waiting; `nil` when one is to be waited for.
  func lend(_ limit: Int, for receipt: Receipt) throws -> [any Sendable]?
  /// The process that took a value has it.
  func acknowledge(_ receipt: Receipt)
  /// The process has taken so many of those that it was lent.
  func acknowledge(_ receipt: Receipt, count: Int)
  /// The process gives up what it asked for; a value that it took goes back.
  func cancel(_ receipt: Receipt)
  /// A process has gone; what it took and did not acknowledge goes back.
  func lost(_ pid: ProcessID)
}

enum ChannelOperation: Sendable {
  case put(any Sendable)
  case take
  /// Looks at the first value.
  case fetch
  /// Looks whether there is one.
  case look
}

/// What names a value of a channel with keys.
public typealias ChannelKey = Hashable & Codable & Sendable

enum ChannelQuestion: String, Codable, Sendable {
  case isReady, isOpen, isEmpty
}

/// What a channel need not do.
extension KeptChannel {
  func lend(_ limit: Int, for receipt: Receipt) throws -> [any Sendable]? { nil }
  func acknowledge(_ receipt: Receipt, count: Int) { acknowledge(receipt) }
}

extension KeptChannel {
  /// - Throws: `ClusterError` when the elements are of another type.
  func check<Element>(_ type: Element.Type) throws(ClusterError) {
    guard ObjectIdentifier(elementType) != ObjectIdentifier(type) else { return }
    throw ClusterError(.invalidArgument, "the channel's elements are of the type \(elementType), not \(type)")
  }

  func cast<Element>(_ value: any Sendable, to type: Element.Type) throws(ClusterError) -> Element {
    if let value = value as? Element { return value }
    throw ClusterError(.invalidArgument, "the channel's elements are of the type \(elementType), not \(type)")
  }
}

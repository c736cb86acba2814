/// Where the values of a `RemoteChannel` are kept: an implementation of your own, in the process that owns the channel.
///
/// `RemoteChannel(on: pid, factory)` puts it behind a remote channel. What its functions throw is thrown to whoever
/// called them, through a `RemoteError` in another process. A function that waits should end with `CancellationError`
/// when its task is cancelled: it is when its caller is, or has gone.
///
/// A channel with keys implements those that take one (and throws from the others, if it has no use for them):
///
///     actor Dictionary<Value: Codable & Sendable>: AbstractChannel {
///       private var values: [AnyHashable: Value] = [:]
///       func put(_ value: Value, at key: some ChannelKey) { values[key] = value }
///       func fetch(at key: some ChannelKey) throws -> Value { … }
///       …
///     }
public protocol AbstractChannel<Element>: AnyObject, Sendable {
  associatedtype Element: Codable & Sendable

  /// Returns once the channel has taken the element; throws `ClusterError` `.channelClosed` when it is closed.
  func put(_ element: Element) async throws
  /// The first element, removed, as soon as there is one; throws `.channelClosed` when there will be none.
  func take() async throws -> Element
  /// The first element, which stays, as soon as there is one.
  func fetch() async throws -> Element
  /// Whether `take` would find an element.
  func isReady() async throws -> Bool
  /// Returns as soon as there is an element.
  func wait() async throws
  /// Ends it: no more can be put, and those who wait for an element that will not come hear of it.
  func close() async throws
  var isOpen: Bool { get async throws }
  var isEmpty: Bool { get async throws }

  func put(_ element: Element, at key: some ChannelKey) async throws
  func take(at key: some ChannelKey) async throws -> Element
  func fetch(at key: some ChannelKey) async throws -> Element
  func isReady(at key: some ChannelKey) async throws -> Bool

  /// An element that was taken for a process which was lost, or gave up, before it had it. By default it is put again.
  func putBack(_ element: Element) async throws
  /// The same for an element that was taken at a key.
  func putBack(_ element: Element, at key: some ChannelKey) async throws
}

extension AbstractChannel {
  public func put(_ element: Element, at key: some ChannelKey) async throws { throw ClusterError.noKeys }
  public func take(at key: some ChannelKey) async throws -> Element { throw ClusterError.noKeys }
  public func fetch(at key: some ChannelKey) async throws -> Element { throw ClusterError.noKeys }
  public func isReady(at key: some ChannelKey) async throws -> Bool { throw ClusterError.noKeys }
  public func putBack(_ element: Element) async throws { try await put(element) }
  public func putBack(_ element: Element, at key: some ChannelKey) async throws { try await put(element, at: key) }
}

/// Makes a channel in the process that will own it; its stored properties travel there.
public protocol ChannelFactory<Element>: Codable, Sendable {
  associatedtype Element: Codable & Sendable
  /// Makes the channel; called once, by its owner.
  func makeChannel() -> any AbstractChannel<Element>
}

extension ClusterError {
  static var noKeys: ClusterError {
    ClusterError(
      .invalidArgument, "the channel has no keys: put, take and fetch without one, or use a channel that has")
  }
}

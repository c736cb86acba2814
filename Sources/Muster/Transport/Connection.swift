/// Moves bytes between two processes: all that a transport has to provide.
///
/// Frames, coalescing, back-pressure, heartbeats and authentication are built above this contract, once for every
/// transport, so an implementation stays thin. It is a reliable, ordered stream of bytes. `Tests/TransportConformance`
/// holds the checks that every transport must pass, `Examples/NamedPipes` one that was written outside of the library.
///
/// The Engine calls `read` and `write` from one thread at a time each. Neither may block.
public protocol Connection: AnyObject, Sendable {
  /// What to call the other end in messages, such as `tcp 10.0.0.3:9300`.
  var peerDescription: String { get }

  /// The descriptor that tells of input and room, or `nil` for a transport that calls `onReady` itself.
  var descriptor: Int32? { get }

  /// Whether `read` has something to give of which the descriptor does not tell: a layer above another connection has
  /// received more than it was asked for.
  var hasBufferedInput: Bool { get }

  /// For transports without a descriptor: called whenever input, room or the end of the stream may be there.
  func setReadyHandler(_ handler: (@Sendable () -> Void)?)

  /// Receives up to `buffer.count` bytes into `buffer`.
  ///
  /// - Returns: the number of bytes received, or `nil` when there are none now.
  /// - Throws: `TransportError` when the stream has ended or broken.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(TransportError) -> Int?

  /// Sends as much of `buffers`, in order, as fits now.
  ///
  /// What was not taken is offered again, from the same addresses, once there is room; so a transport may begin to
  /// send from the memory itself, take nothing yet, and take it when the send has completed.
  ///
  /// - Returns: the number of bytes taken, 0 when there is no room now.
  /// - Throws: `TransportError` when the peer cannot be reached any more.
  func write(_ buffers: UnsafeBufferPointer<UnsafeRawBufferPointer>) throws(TransportError) -> Int

  /// Ends the stream; the peer reads what was written and then its end. May be called more than once.
  func close()
}

extension Connection {
  public var hasBufferedInput: Bool { false }
  public func setReadyHandler(_ handler: (@Sendable () -> Void)?) {}
}

/// Accepts connections at an address.
public protocol Listener: AnyObject, Sendable {
  /// Where others reach it.
  var address: TransportAddress { get }
  /// As for `Connection`.
  var descriptor: Int32? { get }
  func setReadyHandler(_ handler: (@Sendable () -> Void)?)
  /// The next connection that waits in the backlog, or `nil` when there is none now.
  func accept() throws(TransportError) -> (any Connection)?
  func close()
}

extension Listener {
  public func setReadyHandler(_ handler: (@Sendable () -> Void)?) {}
}

/// Why a connection cannot go on.
public struct TransportError: Error, Hashable, CustomStringConvertible {
  /// The peer ended the stream in order, or its process has gone.
  public static let closed = TransportError(description: "the connection was closed by the peer")

  public let description: String

  public init(description: String) { self.description = description }
}

import DequeModule
import Synchronization

/// Connects two clusters of one process: the transport of tests that need no process of their own.
enum InProcessTransport {
  /// Two connected ends.
  ///
  /// - Parameter capacity: bytes that may be under way in each direction before `write` takes no more.
  static func pair(capacity: Int = 1 << 20) -> (InProcessConnection, InProcessConnection) {
    let there = BytePipe(capacity: capacity)
    let back = BytePipe(capacity: capacity)
    return (InProcessConnection(reads: back, writes: there), InProcessConnection(reads: there, writes: back))
  }
}

/// One end of an in-process connection.
final class InProcessConnection: Connection {
  private let input: BytePipe
  private let output: BytePipe

  init(reads input: BytePipe, writes output: BytePipe) {
    self.input = input
    self.output = output
  }

  deinit { close() }

  var peerDescription: String { "in-process" }
  var descriptor: Int32? { nil }

  func setReadyHandler(_ handler: (@Sendable () -> Void)?) {
    input.setHandler(.reader, handler)
    output.setHandler(.writer, handler)
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(TransportError) -> Int? {
    try input.read(into: buffer)
  }

  func write(_ buffers: UnsafeBufferPointer<UnsafeRawBufferPointer>) throws(TransportError) -> Int {
    var total = 0
    for buffer in buffers {
      let taken = try output.write(buffer)
      total += taken
      if taken < buffer.count { break }
    }
    return total
  }

  func close() {
    input.close()
    output.close()
  }
}

/// Bytes in one direction, bounded.
final class BytePipe: Sendable {
  enum End { case reader, writer }

  private struct State {
    var bytes = Deque<UInt8>()
    var isClosed = false
    var onInput: (@Sendable () -> Void)?
    var onRoom: (@Sendable () -> Void)?
  }

  private let capacity: Int
  private let state = Mutex(State())

  init(capacity: Int) { self.capacity = capacity }

  func setHandler(_ end: End, _ handler: (@Sendable () -> Void)?) {
    state.withLock { state in
      switch end {
      case .reader: state.onInput = handler
      case .writer: state.onRoom = handler
      }
    }
    handler?()
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(TransportError) -> Int? {
    let (count, isClosed, notify) = state.withLock { state in
      let count = min(buffer.count, state.bytes.count)
      buffer.copyBytes(from: state.bytes.prefix(count))
      state.bytes.removeFirst(count)
      return (count, state.isClosed, count > 0 ? state.onRoom : nil)
    }
    notify?()
    if count > 0 { return count }
    if isClosed { throw .closed }
    return nil
  }

  func write(_ buffer: UnsafeRawBufferPointer) throws(TransportError) -> Int {
    let (taken, notify) = state.withLock { state -> (Int?, (@Sendable () -> Void)?) in
      if state.isClosed { return (nil, nil) }
      let taken = min(buffer.count, capacity - state.bytes.count)
      state.bytes.append(contentsOf: buffer.prefix(taken))
      return (taken, state.onInput)
    }
    guard let taken else { throw .closed }
    if taken > 0 { notify?() }
    return taken
  }

  func close() {
    let handlers = state.withLock { state in
      state.isClosed = true
      return (state.onInput, state.onRoom)
    }
    handlers.0?()
    handlers.1?()
  }
}

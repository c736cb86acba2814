import Glibc
import Muster
import Synchronization

/// A stream of bytes in each direction, over two named pipes (fifo(7)) of a `NamedPipeDirectory`.
///
/// Who connects makes the pipes and opens both ends of both: a pipe cannot be opened for writing before somebody reads,
/// and has ended when nobody writes. The first byte from the other end says that that has opened its two, and is not
/// passed on: then the spare ends are closed and the names removed.
public final class NamedPipeConnection: Connection {
  private struct State: Sendable {
    /// -1 when it is closed.
    var reader: Int32
    var writer: Int32
    /// Held until the other end has opened its own.
    var spares: [Int32]
    var handler: (@Sendable () -> Void)?
  }

  public let peerDescription: String
  private let pipes: PipeNames
  private let readiness: Readiness
  private let state: Mutex<State>

  /// Takes over open descriptors that do not block.
  init(pipes: PipeNames, reader: Int32, writer: Int32, spares: [Int32], readiness: Readiness) {
    peerDescription = "named pipes \(pipes.base)"
    self.pipes = pipes
    self.readiness = readiness
    state = Mutex(State(reader: reader, writer: writer, spares: spares))
  }

  deinit { close() }

  // MARK: Telling

  public var descriptor: Int32? { nil }

  public func setReadyHandler(_ handler: (@Sendable () -> Void)?) {
    state.withLock { state in
      state.handler = handler
      awaitInput(state)
    }
  }

  /// Input is told of once each time that it has been looked for, whatever was found.
  private func awaitInput(_ state: borrowing State) {
    guard state.reader >= 0, state.handler != nil else { return }
    readiness.await(state.reader) { [weak self] in self?.tell() }
  }

  private func awaitRoom(_ state: borrowing State) {
    guard state.writer >= 0 else { return }
    readiness.await(state.writer, output: true) { [weak self] in self?.tell() }
  }

  private func tell() { state.withLock { $0.handler }?() }

  // MARK: Bytes

  public func read(into buffer: UnsafeMutableRawBufferPointer) throws(TransportError) -> Int? {
    try state.withLock { state throws(TransportError) in
      guard state.reader >= 0 else { throw .closed }
      defer { awaitInput(state) }
      guard otherEndIsOpen(&state) else { return nil }
      return try receive(buffer, state.reader)
    }
  }

  private func receive(_ buffer: UnsafeMutableRawBufferPointer, _ reader: Int32) throws(TransportError) -> Int? {
    while true {
      let count = Glibc.read(reader, buffer.baseAddress, buffer.count)
      if count > 0 { return count }
      if count == 0 { throw .closed }
      switch errno {
      case EAGAIN: return nil
      case EINTR: continue
      default: throw NamedPipeError("reading from \(peerDescription)").transportError
      }
    }
  }

  public func write(_ buffers: UnsafeBufferPointer<UnsafeRawBufferPointer>) throws(TransportError) -> Int {
    try state.withLock { state throws(TransportError) in
      guard state.writer >= 0 else { throw .closed }
      _ = otherEndIsOpen(&state)
      let count = try send(buffers, state.writer)
      if count < buffers.reduce(0, { $0 + $1.count }) { awaitRoom(state) }
      return count
    }
  }

  private func send(
    _ buffers: UnsafeBufferPointer<UnsafeRawBufferPointer>, _ writer: Int32
  ) throws(TransportError) -> Int {
    // More than the system takes at once is offered again.
    let buffers = buffers.prefix(1024)
    return try withUnsafeTemporaryAllocation(of: iovec.self, capacity: buffers.count) {
      vectors throws(TransportError) in
      for (index, buffer) in buffers.enumerated() {
        vectors[index] = iovec(iov_base: UnsafeMutableRawPointer(mutating: buffer.baseAddress), iov_len: buffer.count)
      }
      while true {
        let count = writev(writer, vectors.baseAddress, Int32(buffers.count))
        if count >= 0 { return count }
        switch errno {
        case EAGAIN: return 0
        case EINTR: continue
        case EPIPE: throw .closed
        default: throw NamedPipeError("writing to \(peerDescription)").transportError
        }
      }
    }
  }

  /// Whether the other end has opened its two; only then do the ends of the pipes tell of it.
  private func otherEndIsOpen(_ state: inout State) -> Bool {
    if state.spares.isEmpty { return true }
    var byte: UInt8 = 0
    guard Glibc.read(state.reader, &byte, 1) == 1 else { return false }
    closeSpares(&state)
    return true
  }

  private func closeSpares(_ state: inout State) {
    if !state.spares.isEmpty { pipes.remove() }
    for spare in state.spares { Glibc.close(spare) }
    state.spares = []
  }

  public func close() {
    state.withLock { state in
      closeSpares(&state)
      for descriptor in [state.reader, state.writer] where descriptor >= 0 {
        readiness.forget(descriptor)
        Glibc.close(descriptor)
      }
      (state.reader, state.writer) = (-1, -1)
    }
  }
}

/// The names of the two pipes of a connection, as who connects sees them.
struct PipeNames: Sendable {
  let base: String
  var input: String { base + ".in" }
  var output: String { base + ".out" }

  func make() throws {
    for name in [input, output] {
      guard mkfifo(name, 0o600) == 0 else { throw NamedPipeError("making \(name)") }
    }
  }

  func remove() {
    unlink(input)
    unlink(output)
  }
}

/// What the system refused.
public struct NamedPipeError: Error, CustomStringConvertible {
  public let description: String

  /// With what `errno` says.
  init(_ action: String) { description = "\(action): \(String(cString: strerror(errno)))" }

  var transportError: TransportError { TransportError(description: description) }
}

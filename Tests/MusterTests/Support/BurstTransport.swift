import Synchronization

@testable import Muster

/// A transport without a descriptor: what is written to one end waits until it is told to let it go, and is then there
/// all at once, of which the other end hears once.
final class BurstTransport: Sendable {
  private let back = BurstPipe(isHolding: true)
  let ends: (any Connection, any Connection)

  /// - Parameter most: how many bytes are read at once.
  init(most: Int) {
    let there = BurstPipe(isHolding: false)
    ends = (
      BurstConnection(reads: back, writes: there, most: most), BurstConnection(reads: there, writes: back, most: most)
    )
  }

  /// How many bytes the second end has written that the first cannot read yet.
  var held: Int { back.state.withLock { $0.isHolding ? $0.bytes.count : 0 } }

  func release() {
    let handler = back.state.withLock { state in
      state.isHolding = false
      return state.handler
    }
    handler?()
  }
}

private final class BurstPipe: Sendable {
  struct State: Sendable {
    var bytes: [UInt8] = []
    var read = 0
    var isHolding: Bool
    var isClosed = false
    var handler: (@Sendable () -> Void)?
  }
  let state: Mutex<State>

  init(isHolding: Bool) { state = Mutex(State(isHolding: isHolding)) }
}

private final class BurstConnection: Connection {
  private let input: BurstPipe
  private let output: BurstPipe
  private let most: Int

  init(reads input: BurstPipe, writes output: BurstPipe, most: Int) {
    self.input = input
    self.output = output
    self.most = most
  }

  var peerDescription: String { "bursts" }
  var descriptor: Int32? { nil }
  func setReadyHandler(_ handler: (@Sendable () -> Void)?) {
    input.state.withLock { $0.handler = handler }
    handler?()
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(TransportError) -> Int? {
    let (count, isClosed) = input.state.withLock { state in
      let count = state.isHolding ? 0 : min(most, buffer.count, state.bytes.count - state.read)
      buffer.copyBytes(from: state.bytes[state.read..<(state.read + count)])
      state.read += count
      return (count, state.isClosed)
    }
    if count > 0 { return count }
    if isClosed { throw .closed }
    return nil
  }

  func write(_ buffers: UnsafeBufferPointer<UnsafeRawBufferPointer>) throws(TransportError) -> Int {
    let (taken, handler) = output.state.withLock { state in
      for buffer in buffers { state.bytes += buffer }
      return (buffers.reduce(0) { $0 + $1.count }, state.isHolding ? nil : state.handler)
    }
    handler?()
    return taken
  }

  func close() {
    for pipe in [input, output] {
      let handler = pipe.state.withLock { state in
        state.isClosed = true
        return state.handler
      }
      handler?()
    }
  }
}

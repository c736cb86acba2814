import DequeModule
import Synchronization

@testable import Muster

/// A transport that lets bytes wait: each direction of each connection keeps its order, but which of them goes on is
/// drawn by lot, and some rest for a long while. The lots are drawn from a seed.
final class DelayedTransport: Sendable {
  private let pipes = Mutex<[DelayedPipe]>([])
  private let isStopped = Atomic<Bool>(false)

  func pair() -> (any Connection, any Connection) {
    let (there, back) = (DelayedPipe(), DelayedPipe())
    pipes.withLock { $0 += [there, back] }
    return (DelayedConnection(reads: back, writes: there), DelayedConnection(reads: there, writes: back))
  }

  func stop() { isStopped.store(true, ordering: .relaxed) }

  /// Delivers until it is stopped.
  func run(seed: UInt64) async {
    var generator = SplitMix64(seed: seed)
    var resting: Set<Int> = []
    while !isStopped.load(ordering: .relaxed) {
      if Int.random(in: 0..<32, using: &generator) == 0 {
        resting = Set(pipes.withLock { $0 }.indices.filter { _ in Bool.random(using: &generator) })
      }
      let all = pipes.withLock { $0 }
      let waiting = all.indices.filter { all[$0].hasBytes }
      let candidates = waiting.filter { !resting.contains($0) }
      if let index = (candidates.isEmpty ? waiting : candidates).randomElement(using: &generator) {
        all[index].deliver(Int.random(in: 1...300, using: &generator))
      }
      await Task.yield()
    }
  }
}

private final class DelayedConnection: Connection {
  private let input: DelayedPipe
  private let output: DelayedPipe

  init(reads input: DelayedPipe, writes output: DelayedPipe) {
    self.input = input
    self.output = output
  }

  var peerDescription: String { "delayed" }
  var descriptor: Int32? { nil }
  func setReadyHandler(_ handler: (@Sendable () -> Void)?) { input.setHandler(handler) }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(TransportError) -> Int? { try input.read(into: buffer) }

  func write(_ buffers: UnsafeBufferPointer<UnsafeRawBufferPointer>) throws(TransportError) -> Int {
    for buffer in buffers { output.write(buffer) }
    return buffers.reduce(0) { $0 + $1.count }
  }

  func close() {
    input.close()
    output.close()
  }
}

/// One direction: what was written waits until it is delivered.
private final class DelayedPipe: Sendable {
  private struct State {
    var waiting = Deque<UInt8>()
    var delivered = Deque<UInt8>()
    var isClosed = false
    var handler: (@Sendable () -> Void)?
  }
  private let state = Mutex(State())

  var hasBytes: Bool { state.withLock { !$0.waiting.isEmpty } }

  func setHandler(_ handler: (@Sendable () -> Void)?) {
    state.withLock { $0.handler = handler }
    handler?()
  }

  func write(_ bytes: UnsafeRawBufferPointer) { state.withLock { $0.waiting.append(contentsOf: bytes) } }

  func deliver(_ count: Int) {
    let handler = state.withLock { state in
      let count = min(count, state.waiting.count)
      state.delivered.append(contentsOf: state.waiting.prefix(count))
      state.waiting.removeFirst(count)
      return state.handler
    }
    handler?()
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(TransportError) -> Int? {
    let (count, isClosed) = state.withLock { state in
      let count = min(buffer.count, state.delivered.count)
      buffer.copyBytes(from: state.delivered.prefix(count))
      state.delivered.removeFirst(count)
      return (count, state.isClosed)
    }
    if count > 0 { return count }
    if isClosed { throw .closed }
    return nil
  }

  func close() {
    let handler = state.withLock { state in
      state.isClosed = true
      return state.handler
    }
    handler?()
  }
}

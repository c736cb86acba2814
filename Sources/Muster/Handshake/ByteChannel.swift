import Synchronization

/// A connection as the handshake uses it: exact numbers of bytes, awaited, nothing read ahead.
final class ByteChannel: IOSource {
  private struct State: Sendable {
    var waiting: UnsafeContinuation<Void, Never>?
    var failure: ClusterError?
    var received = 0
    /// A connection without a descriptor has called while nobody waited.
    var hasNews = false
  }

  /// Before authentication nobody may send more than this.
  static let limit = 4096

  let connection: any Connection
  private let engine: Engine
  private let state = Mutex(State())

  init(connection: any Connection, engine: Engine) throws(ClusterError) {
    self.connection = connection
    self.engine = engine
    if let descriptor = connection.descriptor {
      try engine.poller.add(self, descriptor: descriptor)
    } else {
      connection.setReadyHandler { [weak self] in self?.proceed() }
    }
  }

  /// Whether the peer has said anything yet.
  var isSilent: Bool { state.withLock { $0.received == 0 } }

  /// Stops watching the connection, without closing it.
  func detach() {
    if let descriptor = connection.descriptor { engine.poller.remove(descriptor: descriptor) }
    connection.setReadyHandler(nil)
  }

  /// Makes the reading or writing that waits, and all that follows, fail.
  func fail(_ error: ClusterError) {
    state.withLock { if $0.failure == nil { $0.failure = error } }
    proceed()
  }

  func read(_ count: Int) async throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let step = try bytes.withUnsafeMutableBytes { buffer in
        try connection.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      }
      if let step {
        filled += step
        try state.withLock { state in
          state.received += step
          if state.received > Self.limit { throw ClusterError(.refused, "too much was sent before authentication") }
        }
      } else {
        try await wait(forOutput: false)
      }
    }
    return bytes
  }

  func write(_ bytes: [UInt8]) async throws {
    var sent = 0
    while sent < bytes.count {
      let step = try bytes.withUnsafeBytes { buffer in
        try withUnsafeTemporaryAllocation(of: UnsafeRawBufferPointer.self, capacity: 1) { buffers in
          buffers[0] = UnsafeRawBufferPointer(rebasing: buffer[sent...])
          return try connection.write(UnsafeBufferPointer(buffers))
        }
      }
      sent += step
      if step == 0 { try await wait(forOutput: true) }
    }
  }

  private func wait(forOutput output: Bool) async throws {
    await withUnsafeContinuation { continuation in
      let mayWait = state.withLock { state in
        if state.failure != nil || state.hasNews {
          state.hasNews = false
          return false
        }
        state.waiting = continuation
        return true
      }
      guard mayWait else { return continuation.resume() }
      // Armed only now: an event that came earlier would have found nobody waiting.
      setInterest(input: !output, output: output)
    }
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }

  private func setInterest(input: Bool, output: Bool) {
    guard let descriptor = connection.descriptor else { return }
    engine.poller.setInterest(descriptor: descriptor, input: input, output: output)
  }

  private func proceed() {
    let waiting = state.withLock { state in
      state.hasNews = state.waiting == nil && connection.descriptor == nil
      return state.waiting.take()
    }
    waiting?.resume()
  }

  func readable() -> Bool {
    setInterest(input: false, output: false)
    proceed()
    return true
  }

  func writable() { _ = readable() }
}

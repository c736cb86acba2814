import Synchronization

/// A connection as the handshake uses it: exact numbers of bytes, awaited, nothing read ahead.
final class ByteChannel: IOSource {
  private struct State: Sendable {
    var waiting: UnsafeContinuation<Void, Never>?
    /// Something happened while nobody waited.
    var isReady = false
    var failure: ClusterError?
    var received = 0
    /// Somebody else watches the descriptor by now.
    var isDetached = false
  }

  /// Before authentication nobody may send more than this.
  static let limit = 4096

  let connection: any Connection
  private let engine: Engine
  private let limit: Int
  private let state = Mutex(State())

  /// - Parameter limit: more than this may not be received.
  init(connection: any Connection, engine: Engine, limit: Int = ByteChannel.limit) throws(ClusterError) {
    self.connection = connection
    self.engine = engine
    self.limit = limit
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
    state.withLock { state in
      state.isDetached = true
      if let descriptor = connection.descriptor { engine.poller.remove(descriptor: descriptor) }
    }
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
        try note(step)
      } else {
        try await wait(forOutput: false)
      }
    }
    return bytes
  }

  private func note(_ step: Int) throws {
    try state.withLock { state in
      state.received += step
      if state.received > limit { throw ClusterError(.refused, "more than \(limit) bytes were sent") }
    }
  }

  /// All up to the end of the stream.
  func readToEnd() async throws -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      do {
        if let step = try chunk.withUnsafeMutableBytes({ try connection.read(into: $0) }) {
          try note(step)
          bytes += chunk[..<step]
        } else {
          try await wait(forOutput: false)
        }
      } catch let error as TransportError where error == .closed {
        return bytes
      }
    }
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
        if state.failure != nil || state.isReady {
          state.isReady = false
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
    // An event may have been on its way when this was detached: it must not touch what watches the descriptor now.
    state.withLock { state in
      if !state.isDetached { engine.poller.setInterest(descriptor: descriptor, input: input, output: output) }
    }
  }

  private func proceed() {
    let waiting = state.withLock { state in
      state.isReady = state.waiting == nil
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

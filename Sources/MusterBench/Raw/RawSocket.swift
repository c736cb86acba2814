import ArgumentParser
import Glibc

/// What a process does while there is nothing to receive.
enum Waiting: String, ExpressibleByArgument, Sendable {
  /// Asks again and again: the fastest while each process has a core.
  case spins
  /// Spins as long as Muster does, then sleeps.
  case adapts
  /// Sleeps in the kernel: the fastest where another process needs the core.
  case sleeps

  /// Nanoseconds.
  fileprivate var patience: UInt64 { self == .spins ? .max : 80_000 }
}

/// A connected socket and nothing else: what the kernel does at best.
struct RawSocket {
  let descriptor: Int32
  let waiting: Waiting

  private var flags: Int32 { Int32(MSG_NOSIGNAL) | (waiting == .sleeps ? 0 : Int32(MSG_DONTWAIT)) }

  /// Repeats `attempt` until it moves a byte, or returns `nil`: the end of the stream.
  ///
  /// - Parameter events: what to sleep for.
  func persist(for events: Int32, _ attempt: () throws(BenchError) -> Int?) throws(BenchError) -> Int? {
    while true {
      let start = now()
      repeat {
        guard let count = try attempt() else { return nil }
        if count > 0 { return count }
      } while now() - start < waiting.patience
      var request = pollfd(fd: descriptor, events: Int16(events), revents: 0)
      poll(&request, 1, -1)
    }
  }

  /// Sends what the kernel takes; 0 if it takes nothing now.
  func send(_ bytes: UnsafeRawBufferPointer) throws(BenchError) -> Int {
    let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, flags)
    return try count < 0 ? nothing(orErrorIn: "send") : count
  }

  /// Receives what is there; 0 if there is nothing now, `nil` at the end of the stream.
  func receive(into bytes: UnsafeMutableRawBufferPointer) throws(BenchError) -> Int? {
    let count = recv(descriptor, bytes.baseAddress, bytes.count, flags)
    if count == 0 { return nil }
    return try count < 0 ? nothing(orErrorIn: "recv") : count
  }

  func sendAll(_ bytes: UnsafeRawBufferPointer) throws(BenchError) {
    var sent = 0
    while sent < bytes.count {
      sent +=
        try persist(for: POLLOUT) { () throws(BenchError) in
          try send(UnsafeRawBufferPointer(rebasing: bytes[sent...]))
        } ?? 0
    }
  }

  /// Waits for something; `nil` at the end of the stream.
  func receiveSome(into bytes: UnsafeMutableRawBufferPointer) throws(BenchError) -> Int? {
    try persist(for: POLLIN) { () throws(BenchError) in try receive(into: bytes) }
  }

  /// Fills `bytes`; false at the end of the stream.
  func receiveAll(into bytes: UnsafeMutableRawBufferPointer) throws(BenchError) -> Bool {
    var received = 0
    while received < bytes.count {
      guard let count = try receiveSome(into: UnsafeMutableRawBufferPointer(rebasing: bytes[received...])) else {
        return false
      }
      received += count
    }
    return true
  }

  private func nothing(orErrorIn call: String) throws(BenchError) -> Int {
    switch errno {
    case EAGAIN, EINTR: return 0
    default: throw BenchError("raw \(call): \(String(cString: strerror(errno)))")
    }
  }
}

/// The messages of the raw rows: as long as Muster's for a call of Int → Int.
enum RawMessage {
  static let requestSize = 48
  static let replySize = 24
  /// Many messages leave in writes of this size, as Muster's do.
  static let writeSize = 64 * 1024
}

/// Memory for messages, all zeroes.
func withBuffer<Result>(
  of size: Int = RawMessage.writeSize, _ body: (UnsafeMutableRawBufferPointer) throws -> Result
) rethrows -> Result {
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
  defer { buffer.deallocate() }
  buffer.initializeMemory(as: UInt8.self, repeating: 0)
  return try body(buffer)
}

import Testing
import TransportConformance

@testable import Muster

/// What takes over a descriptor.
private final class Successor: IOSource {
  let heard = Counter()
  private let connection: any Connection

  init(_ connection: any Connection) { self.connection = connection }

  func readable() -> Bool {
    withUnsafeTemporaryAllocation(byteCount: 16, alignment: 1) { buffer in
      if let count = try? connection.read(into: buffer), count > 0 { heard.increment() }
    }
    return true
  }
}

@Suite struct ByteChannelTests {
  @Test func anEventThatComesAfterItHasBeenDetachedLeavesItsSuccessorAlone() async throws {
    let directory = try TestDirectory()
    let (near, far) = try socketPair(at: .unix(path: "\(directory.path)/s"))
    let engine = Engine(logger: quietLogger)
    defer { engine.stop() }
    let descriptor = try #require(near.descriptor)
    let channel = try ByteChannel(connection: near, engine: engine)
    channel.detach()
    let successor = Successor(near)
    try engine.poller.add(successor, descriptor: descriptor)
    // The poller had looked up whom to call before.
    _ = channel.readable()
    let other = try ByteChannel(connection: far, engine: engine)
    try await other.write([1])
    await eventually("the successor hears of input") { successor.heard.value == 1 }
    engine.poller.remove(descriptor: descriptor)
    other.detach()
  }

  @Test func whatIsLeftIsReadUpToTheEndOfTheStream() async throws {
    let directory = try TestDirectory()
    let engine = Engine(logger: quietLogger)
    defer { engine.stop() }
    let (near, far) = try socketPair(at: .unix(path: "\(directory.path)/s"))
    let reader = try ByteChannel(connection: near, engine: engine, limit: 8)
    let writer = try ByteChannel(connection: far, engine: engine)
    try await writer.write([1, 2, 3])
    let first = try await reader.read(2)
    #expect(first == [1, 2])
    try await writer.write([4, 5])
    writer.detach()
    far.close()
    let rest = try await reader.readToEnd()
    #expect(rest == [3, 4, 5])
    reader.detach()
  }
}

import Synchronization
import Testing

@testable import Muster

/// Takes what a script says of each write, and remembers what was offered.
private final class GreedyConnection: Connection {
  struct Offer: Sendable {
    let addresses: [UInt]
    let counts: [Int]
  }

  private struct State: Sendable {
    var received: [UInt8] = []
    var offers: [Offer] = []
    var script: [Int]
    var isBroken = false
  }
  private let state: Mutex<State>

  /// - Parameter script: how many bytes each write takes at most; everything once it is over.
  init(_ script: [Int] = []) { state = Mutex(State(script: script)) }

  var received: [UInt8] { state.withLock { $0.received } }
  var offers: [Offer] { state.withLock { $0.offers } }
  func breakDown() { state.withLock { $0.isBroken = true } }

  var peerDescription: String { "a test" }
  var descriptor: Int32? { nil }
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(TransportError) -> Int? { nil }
  func close() {}

  func write(_ buffers: UnsafeBufferPointer<UnsafeRawBufferPointer>) throws(TransportError) -> Int {
    let taken = state.withLock { state -> Int? in
      if state.isBroken { return nil }
      state.offers.append(
        Offer(addresses: buffers.map { UInt(bitPattern: $0.baseAddress) }, counts: buffers.map(\.count)))
      var left = state.script.isEmpty ? Int.max : state.script.removeFirst()
      var taken = 0
      for buffer in buffers where left > 0 {
        let step = min(left, buffer.count)
        state.received += buffer.prefix(step)
        left -= step
        taken += step
      }
      return taken
    }
    guard let taken else { throw .closed }
    return taken
  }
}

extension OutputQueue {
  fileprivate mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }
}

private func bytes(of array: [Int64]) -> [UInt8] { array.withUnsafeBytes { Array($0) } }

@Test func `an empty queue writes nothing`() throws {
  var queue = OutputQueue()
  let connection = GreedyConnection()
  let isEmpty = try queue.write(to: connection)
  #expect(isEmpty && connection.offers.isEmpty)
}

@Test func `frames and arrays leave in order, many in one write`() throws {
  var queue = OutputQueue()
  let array = Array(0..<(10_000 as Int64))
  queue.append([1, 2])
  queue.append([3])
  queue.append(TypedBulkArray(array))
  queue.append(TypedBulkArray<Int64>([]))
  queue.append([4])
  let count = queue.byteCount
  #expect(count == 4 + 80_000)
  let connection = GreedyConnection()
  let isEmpty = try queue.write(to: connection)
  #expect(isEmpty)
  #expect(connection.received == [1, 2, 3] + bytes(of: array) + [4])
  #expect(connection.offers.map(\.counts) == [[3, 80_000, 1]])
  let left = queue.byteCount
  #expect(left == 0)
}

@Test func `an array is sent from its own memory, and kept until it has left`() throws {
  var queue = OutputQueue()
  var bulk: TypedBulkArray? = TypedBulkArray(Array(0..<(1_000 as Int64)))
  let address = UInt(bitPattern: bulk!.base)
  weak let watched = bulk
  queue.append(bulk!)
  bulk = nil
  let connection = GreedyConnection([7_999, 0])
  let isEmpty = try queue.write(to: connection)
  #expect(!isEmpty && watched != nil)
  #expect(connection.offers[0].addresses == [address])
  let isEmptyNow = try queue.write(to: connection)
  #expect(isEmptyNow && watched == nil)
}

@Test func `a write that took less is followed by one from the next address, the same until it is taken`() throws {
  var queue = OutputQueue()
  queue.append(Array(0..<200))
  queue.append(TypedBulkArray(Array(0..<(1_000 as Int64))))
  queue.append(Array(0..<100))
  let connection = GreedyConnection([50, 0, 0, 150, 10, 0])
  let first = try queue.write(to: connection)
  // More frames come while it waits; neither that nor being offered in vain may move what is there.
  for _ in 0..<3_000 { queue.append(Array(repeating: 7, count: 100)) }
  let second = try queue.write(to: connection)
  let third = try queue.write(to: connection)
  #expect(!first && !second && !third)
  let offers = connection.offers
  #expect(offers.count == 6)
  #expect(offers[1].addresses[0] == offers[0].addresses[0] + 50 && offers[1].counts[0] == 150)
  #expect(offers[2].addresses.prefix(3) == offers[1].addresses.prefix(3))
  #expect(offers[3].addresses.prefix(3) == offers[1].addresses.prefix(3))
  #expect(offers[4].addresses[0] == offers[1].addresses[1])
  #expect(offers[5].addresses[0] == offers[1].addresses[1] + 10)
}

@Test func `anything the connection takes, in whatever pieces, arrives in order`() throws {
  for seed in 0..<30 {
    var generator = SplitMix64(seed: UInt64(seed) &+ 70)
    let script = (0..<200).map { _ in [0, 1, 5, 100, 4_000, 200_000].randomElement(using: &generator)! }
    let connection = GreedyConnection(script)
    var queue = OutputQueue()
    var expected: [UInt8] = []
    for _ in 0..<100 {
      switch Int.random(in: 0..<4, using: &generator) {
      case 0:
        let array = Array(
          repeating: Int64.random(in: 0...9, using: &generator), count: Int.random(in: 0...9_000, using: &generator))
        queue.append(TypedBulkArray(array))
        expected += bytes(of: array)
      case 1: _ = try queue.write(to: connection)
      default:
        let size = [1, 20, 300, 140_000].randomElement(using: &generator)!
        let frame = Array(repeating: UInt8.random(in: 0...255, using: &generator), count: size)
        queue.append(frame)
        expected += frame
      }
      let waiting = queue.byteCount
      #expect(waiting == expected.count - connection.received.count)
    }
    var tries = 0
    while try !queue.write(to: connection), tries < 1_000 { tries += 1 }
    #expect(connection.received == expected)
  }
}

@Test func `what was forgotten does not leave, and what came later does`() throws {
  var queue = OutputQueue()
  weak var watched: BulkArray?
  do {
    let array = TypedBulkArray(Array(0..<(1_000 as Int64)))
    watched = array
    queue.append([1, 2, 3])
    queue.append(array)
  }
  queue.removeAll()
  let left = queue.byteCount
  #expect(left == 0 && watched == nil)
  queue.append([9])
  let connection = GreedyConnection()
  _ = try queue.write(to: connection)
  #expect(connection.received == [9])
}

@Test func `a broken connection is an error, and nothing is lost from the queue`() throws {
  var queue = OutputQueue()
  queue.append([1, 2, 3])
  let connection = GreedyConnection()
  connection.breakDown()
  do {
    _ = try queue.write(to: connection)
    Issue.record("no error")
  } catch {
    #expect(error == .closed)
  }
  let left = queue.byteCount
  #expect(left == 3)
}

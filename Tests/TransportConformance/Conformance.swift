import Glibc
import Muster
import Synchronization

/// What any transport must do, as checks of two connected ends, `a` and `b`. They throw what is wrong.
public enum Conformance {
  public struct Violation: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
  }

  /// A fresh pair of ends for each check.
  public static func checkAll(_ pair: () throws -> (any Connection, any Connection)) throws {
    for (name, check) in checks {
      let (a, b) = try pair()
      defer {
        a.close()
        b.close()
      }
      do { try check(a, b) } catch { throw Violation("\(name): \(error)") }
    }
  }

  typealias Check = @Sendable (_ a: any Connection, _ b: any Connection) throws -> Void

  static let checks: [(String, Check)] = [
    ("nothing to read at first", checkNothingToRead), ("echo", checkEcho), ("order", checkOrder),
    ("large gather writes", checkLargeGather), ("full, then room again", checkFullThenRoom),
    ("both directions at once", checkBothDirections), ("input is told", checkInputIsTold),
    ("the end comes after all bytes", checkEndAfterAllBytes), ("writing to a closed end", checkWriteToClosed),
    ("closing twice", checkClosingTwice),
  ]

  // MARK: The checks

  static func checkNothingToRead(_ a: any Connection, _ b: any Connection) throws {
    try require(try readOnce(a, 100) == [], "bytes came from nowhere")
    try require(try readOnce(b, 100) == [], "bytes came from nowhere")
    try require(!a.peerDescription.isEmpty, "the peer has no name")
  }

  static func checkEcho(_ a: any Connection, _ b: any Connection) throws {
    for size in [1, 2, 1_000] {
      let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
      try write(bytes, to: a)
      try require(try read(size, from: b) == bytes, "a to b")
      try write(bytes, to: b)
      try require(try read(size, from: a) == bytes, "b to a")
    }
  }

  static func checkOrder(_ a: any Connection, _ b: any Connection) throws {
    var generator = FixedSequence()
    var expected: [UInt8] = []
    for _ in 0..<200 {
      let piece = (0..<Int.random(in: 1...50, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      try write(piece, to: a)
      expected += piece
    }
    var received: [UInt8] = []
    while received.count < expected.count {
      received += try read(min(Int.random(in: 1...70, using: &generator), expected.count - received.count), from: b)
    }
    try require(received == expected, "the bytes differ")
  }

  /// Many buffers, empty ones among them, more than fits at once.
  static func checkLargeGather(_ a: any Connection, _ b: any Connection) throws {
    let buffers: [[UInt8]] = (0..<16).map { index in
      index % 5 == 4 ? [] : Array(repeating: UInt8(index), count: 400_000 + index)
    }
    let outgoing = Outgoing(buffers)
    let total = buffers.reduce(0) { $0 + $1.count }
    var received: [UInt8] = []
    received.reserveCapacity(total)
    try bothWays {
      let step = try outgoing.write(to: a)
      let piece = try readOnce(b, 300_000)
      received += piece
      return (step + piece.count, received.count == total)
    }
    try require(received == buffers.flatMap { $0 }, "the bytes differ")
  }

  static func checkFullThenRoom(_ a: any Connection, _ b: any Connection) throws {
    let chunk = Array(repeating: 7 as UInt8, count: 1 << 16)
    let told = Signal(a, output: true)
    var sent = 0
    var outgoing = Outgoing([chunk])
    while true {
      let taken = try outgoing.write(to: a)
      if taken == 0 { break }
      sent += taken
      if outgoing.isDone { outgoing = Outgoing([chunk]) }
      try require(sent < 1 << 30, "it takes everything: there is no back-pressure")
    }
    try require(try outgoing.write(to: a) == 0, "it takes more after it took nothing")
    told.forget()
    var received = 0
    while received < sent { received += try read(min(100_000, sent - received), from: b).count }
    try require(told.wait(), "nobody was told that there is room again")
    received = 0
    let left = chunk.count - sent % chunk.count
    try bothWays {
      let step = try outgoing.write(to: a)
      let piece = received == left ? [] : try readOnce(b, left - received)
      received += piece.count
      return (step + piece.count, outgoing.isDone && received == left)
    }
    try write([1, 2, 3], to: a)
    try require(try read(3, from: b) == [1, 2, 3], "what was written then did not arrive")
    told.end()
  }

  static func checkBothDirections(_ a: any Connection, _ b: any Connection) throws {
    let there = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let back = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 13) }
    let (outgoingThere, outgoingBack) = (Outgoing([there]), Outgoing([back]))
    var (atB, atA): ([UInt8], [UInt8]) = ([], [])
    try bothWays {
      let first = try outgoingThere.write(to: a)
      let second = try outgoingBack.write(to: b)
      let third = try readOnce(a, 50_000)
      let fourth = try readOnce(b, 70_000)
      atA += third
      atB += fourth
      return (first + second + third.count + fourth.count, atA.count == back.count && atB.count == there.count)
    }
    try require(atB == there && atA == back, "the bytes differ")
  }

  static func checkInputIsTold(_ a: any Connection, _ b: any Connection) throws {
    let told = Signal(b, output: false)
    told.forget()
    // Some tell once for each time that was looked, and may have told of something else before.
    try require(try readOnce(b, 1) == [], "bytes came from nowhere")
    try write([1], to: a)
    try require(told.wait(), "nobody was told of input")
    try require(try read(1, from: b) == [1], "the byte is not there")
    told.forget()
    a.close()
    try require(told.wait(), "nobody was told of the end")
    told.end()
  }

  static func checkEndAfterAllBytes(_ a: any Connection, _ b: any Connection) throws {
    let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
    // As much as it takes before anybody reads.
    let sent = try Outgoing([bytes]).write(to: a)
    try require(sent > 0, "it takes nothing")
    a.close()
    try require(try read(sent, from: b) == Array(bytes[..<sent]), "what was written before the end is missing")
    try requireClosed("reading at the end") { try read(1, from: b) }
    try requireClosed("reading at the end again") { try read(1, from: b) }
  }

  /// A transport may find out only with its second write.
  static func checkWriteToClosed(_ a: any Connection, _ b: any Connection) throws {
    b.close()
    try requireClosed("writing to a peer that has gone") {
      for _ in 0..<1_000 {
        _ = try Outgoing([[1]]).write(to: a)
        usleep(1_000)
      }
    }
    try requireClosed("writing after closing") { _ = try Outgoing([[1]]).write(to: b) }
  }

  static func checkClosingTwice(_ a: any Connection, _ b: any Connection) throws {
    a.close()
    a.close()
    b.close()
    try requireClosed("reading after closing") { try read(1, from: a) }
  }

  // MARK: How they do it

  private static func require(_ condition: Bool, _ violation: String) throws {
    if !condition { throw Violation(violation) }
  }

  private static func requireClosed(_ what: String, _ body: () throws -> Void) throws {
    do { try body() } catch is TransportError { return }
    throw Violation("\(what) is no error")
  }

  /// One attempt; empty when there is nothing now.
  public static func readOnce(_ connection: any Connection, _ most: Int) throws -> [UInt8] {
    try withUnsafeTemporaryAllocation(byteCount: most, alignment: 16) { buffer in
      guard let count = try connection.read(into: buffer) else { return [] }
      guard (1...most).contains(count) else { throw Violation("read \(count) of \(most) bytes") }
      return Array(buffer[..<count])
    }
  }

  /// Exactly `count` bytes.
  @discardableResult
  public static func read(_ count: Int, from connection: any Connection) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try bothWays {
      let piece = try readOnce(connection, count - bytes.count)
      bytes += piece
      return (piece.count, bytes.count == count)
    }
    return bytes
  }

  public static func write(_ bytes: [UInt8], to connection: any Connection) throws {
    let outgoing = Outgoing([bytes])
    try bothWays { (try outgoing.write(to: connection), outgoing.isDone) }
  }

  /// Buffers that stay where they are until all of them have been taken, as the contract promises a transport.
  private final class Outgoing {
    private let buffers: [UnsafeRawBufferPointer]
    private let total: Int
    private var sent = 0

    init(_ buffers: [[UInt8]]) {
      self.buffers = buffers.map { buffer in
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: buffer.count, alignment: 16)
        copy.copyBytes(from: buffer)
        return UnsafeRawBufferPointer(copy)
      }
      total = buffers.reduce(0) { $0 + $1.count }
    }

    deinit {
      // What was not taken may still be being sent: it stays, which costs a test nothing.
      if isDone { for buffer in buffers { buffer.deallocate() } }
    }

    var isDone: Bool { sent == total }

    /// One write of what is left. Returns how much of it was taken.
    func write(to connection: any Connection) throws -> Int {
      if isDone { return 0 }
      var skip = sent
      let left = buffers.map { buffer -> UnsafeRawBufferPointer in
        let step = min(skip, buffer.count)
        skip -= step
        return UnsafeRawBufferPointer(rebasing: buffer[step...])
      }
      let taken = try left.withUnsafeBufferPointer { try connection.write($0) }
      guard (0...(total - sent)).contains(taken) else { throw Violation("took \(taken) of \(total - sent) bytes") }
      sent += taken
      return taken
    }
  }

  /// Repeats `step` until it is done, and gives up when nothing has moved for long.
  private static func bothWays(_ step: () throws -> (moved: Int, isDone: Bool)) throws {
    var last = ContinuousClock.now
    while true {
      let (moved, isDone) = try step()
      if isDone { return }
      if moved > 0 { last = .now } else { usleep(200) }
      if ContinuousClock.now - last > .seconds(20) { throw Violation("nothing moves any more") }
    }
  }

  /// Hears what a connection tells, by its descriptor or by its handler.
  private final class Signal: Sendable {
    private let connection: any Connection
    private let events: Int16
    private let heard = Atomic<Bool>(false)

    init(_ connection: any Connection, output: Bool) {
      self.connection = connection
      events = Int16(output ? POLLOUT : POLLIN)
      if connection.descriptor == nil {
        connection.setReadyHandler { [weak self] in self?.heard.store(true, ordering: .sequentiallyConsistent) }
      }
    }

    func forget() { heard.store(false, ordering: .sequentiallyConsistent) }

    func wait() -> Bool {
      if let descriptor = connection.descriptor {
        var entry = pollfd(fd: descriptor, events: events, revents: 0)
        return poll(&entry, 1, 20_000) == 1
      }
      for _ in 0..<20_000 {
        if heard.load(ordering: .sequentiallyConsistent) { return true }
        usleep(1_000)
      }
      return false
    }

    func end() { connection.setReadyHandler(nil) }
  }

  /// The same numbers every time (xorshift, Marsaglia 2003).
  private struct FixedSequence: RandomNumberGenerator {
    private var state: UInt64 = 0x9e37_79b9_7f4a_7c15

    mutating func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
  }
}

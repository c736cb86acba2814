import Crypto
import Testing
import TransportConformance

@testable import Muster

/// Two sealed ends over an in-process connection whose bytes somebody in between can touch.
private struct SealedPair {
  let dialler: SealedConnection
  let listener: SealedConnection
  /// The unsealed ends in between: what the dialler sends arrives at the first, what is written to the second goes to
  /// the listener.
  let fromDialler: InProcessConnection
  let toListener: InProcessConnection

  init() {
    let there = SymmetricKey(size: .bits256)
    let back = SymmetricKey(size: .bits256)
    let (near, nearOther) = InProcessTransport.pair(capacity: 16 << 20)
    let (farOther, far) = InProcessTransport.pair(capacity: 16 << 20)
    dialler = SealedConnection(near, sends: there, receives: back)
    listener = SealedConnection(far, sends: back, receives: there)
    fromDialler = nearOther
    toListener = farOther
  }

  /// What is on its way to the listener.
  func intercept() throws -> [UInt8] {
    var all: [UInt8] = []
    while case let piece = try Conformance.readOnce(fromDialler, 1 << 16), !piece.isEmpty { all += piece }
    return all
  }

  func deliver(_ bytes: [UInt8]) throws { try Conformance.write(bytes, to: toListener) }
}

/// Two records of a dialler, as they go over the network.
private func twoRecords(_ pair: SealedPair) throws -> (first: [UInt8], second: [UInt8]) {
  try Conformance.write([1, 2, 3], to: pair.dialler)
  let first = try pair.intercept()
  try Conformance.write([4, 5, 6], to: pair.dialler)
  return (first, try pair.intercept())
}

private func complaint(_ body: () throws -> some Any) -> String {
  do {
    return "accepted: \(try body())"
  } catch {
    return "\(error)"
  }
}

@Test func `what is sent over a sealed connection arrives, whatever the sizes and however the network cuts it`() throws
{
  let (near, far) = InProcessTransport.pair(capacity: 70_001)
  let (there, back) = (SymmetricKey(size: .bits256), SymmetricKey(size: .bits256))
  let dialler = SealedConnection(near, sends: there, receives: back)
  let listener = SealedConnection(far, sends: back, receives: there)
  var generator = SplitMix64(seed: 11)
  let bytes = (0..<1_000_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
  var sent = 0
  var received: [UInt8] = []
  while received.count < bytes.count {
    // As a link does it: what was not taken is offered again, and more behind it.
    let end = min(bytes.count, sent + Int.random(in: 1...200_000, using: &generator))
    if sent < bytes.count {
      sent += try bytes[sent..<bytes.count].prefix(max(end - sent, 65_536)).withUnsafeBytes { buffer in
        try withUnsafeTemporaryAllocation(of: UnsafeRawBufferPointer.self, capacity: 2) { buffers in
          let half = buffer.count / 2
          buffers[0] = UnsafeRawBufferPointer(rebasing: buffer[..<half])
          buffers[1] = UnsafeRawBufferPointer(rebasing: buffer[half...])
          return try dialler.write(UnsafeBufferPointer(buffers))
        }
      }
    }
    received += try Conformance.readOnce(listener, Int.random(in: 1...100_000, using: &generator))
  }
  #expect(received == bytes)
}

@Test func `a reader with little room is told that there is more`() throws {
  let pair = SealedPair()
  try pair.deliver(twoRecords(pair).first)
  #expect(try Conformance.readOnce(pair.listener, 1) == [1])
  #expect(pair.listener.hasBufferedInput)
  #expect(try Conformance.readOnce(pair.listener, 10) == [2, 3])
  #expect(!pair.listener.hasBufferedInput)
}

@Test func `an altered byte anywhere in a record ends the connection, and says what happened`() throws {
  let size = try twoRecords(SealedPair()).first.count
  for position in 4..<size {
    let pair = SealedPair()
    var record = try twoRecords(pair).first
    record[position] ^= 0x10
    try pair.deliver(record)
    #expect(complaint { try Conformance.readOnce(pair.listener, 10) }.contains("forged, altered or repeated"))
  }
}

@Test func `a record that is repeated, left out or moved ends the connection`() throws {
  let orders: [(([UInt8], [UInt8])) -> [UInt8]] = [{ $0.0 + $0.0 }, { $0.1 }, { $0.1 + $0.0 }]
  for order in orders {
    let pair = SealedPair()
    let records = try twoRecords(pair)
    try pair.deliver(order((records.first, records.second)))
    // What was genuine may be given out first.
    _ = try? Conformance.readOnce(pair.listener, 3)
    #expect(complaint { try Conformance.readOnce(pair.listener, 10) }.contains("forged, altered or repeated"))
  }
}

@Test func `what the dialler sent cannot be sent back to it`() throws {
  let pair = SealedPair()
  let record = try twoRecords(pair).first
  try Conformance.write(record, to: pair.fromDialler)
  #expect(complaint { try Conformance.readOnce(pair.dialler, 10) }.contains("forged, altered or repeated"))
}

@Test func `a record of an impossible length is refused before anything is kept for it`() throws {
  for length in [0, 65_537, .max] as [UInt32] {
    let pair = SealedPair()
    try pair.deliver(withUnsafeBytes(of: length.littleEndian) { Array($0) } + [UInt8](repeating: 0, count: 100))
    #expect(complaint { try Conformance.readOnce(pair.listener, 10) }.contains("forged, altered or repeated"))
  }
}

@Test func `networks hold the addresses whose first bits are theirs`() {
  #expect(IPNetwork("10.1.0.0/16")?.contains("10.1.255.3") == true)
  #expect(IPNetwork("10.1.0.0/16")?.contains("10.2.0.1") == false)
  #expect(IPNetwork("10.1.2.0/23")?.contains("10.1.3.9") == true)
  #expect(IPNetwork("0.0.0.0/0")?.contains("192.168.0.1") == true)
  #expect(IPNetwork("fd00::/8")?.contains("fd12::1") == true)
  #expect(IPNetwork("fd00::/8")?.contains("10.0.0.1") == false)
  #expect(IPNetwork("10.1.2.3")?.contains("10.1.2.3") == true)
  for bad in ["", "ib0", "10.1.0.0/33", "10.1/16", "fd00::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/x"] {
    #expect(IPNetwork(bad) == nil, "\(bad)")
  }
}

@Test func `an interface that is not there is an error that names those that are`() throws {
  let all = [HostAddress(interface: "eth0", host: "10.1.0.3"), HostAddress(interface: "ib0", host: "fd00::3")]
  #expect(try HostAddress.choose(nil, from: all) == ["10.1.0.3", "fd00::3"])
  #expect(try HostAddress.choose("ib0", from: all) == ["fd00::3"])
  #expect(try HostAddress.choose("10.0.0.0/8", from: all) == ["10.1.0.3"])
  #expect(complaint { try HostAddress.choose("eth7", from: all) }.contains("eth0 (10.1.0.3), ib0 (fd00::3)"))
}

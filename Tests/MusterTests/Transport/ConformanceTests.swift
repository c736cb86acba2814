import Glibc
import Testing
import TransportConformance

@testable import Muster

@Test func `in-process connections keep the contract`() throws {
  try Conformance.checkAll { InProcessTransport.pair() }
  try Conformance.checkAll { InProcessTransport.pair(capacity: 100_001) }
}

@Test func `Unix sockets keep the contract`() throws {
  let directory = try TestDirectory()
  var number = 0
  try Conformance.checkAll {
    number += 1
    return try socketPair(at: .unix(path: "\(directory.path)/\(number).sock"))
  }
}

@Test func `TCP connections keep the contract`() throws {
  try Conformance.checkAll { try socketPair(at: .tcp(host: "127.0.0.1", port: 0)) }
}

@Test(.enabled(if: hasIPv6)) func `TCP connections over IPv6 keep the contract`() throws {
  try Conformance.checkAll { try socketPair(at: .tcp(host: "::1", port: 0)) }
}

@Test func `the conformance checks notice a transport that breaks the contract`() throws {
  /// Does one thing wrong.
  final class Broken: Connection {
    enum Fault: CaseIterable { case swaps, losesTail, neverEnds, neverTells, claimsTooMuch }
    let inner: any Connection
    let fault: Fault
    init(_ inner: any Connection, _ fault: Fault) {
      self.inner = inner
      self.fault = fault
    }
    var peerDescription: String { inner.peerDescription }
    var descriptor: Int32? { nil }
    func setReadyHandler(_ handler: (@Sendable () -> Void)?) {
      if fault != .neverTells { inner.setReadyHandler(handler) }
    }
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TransportError) -> Int? {
      do throws(TransportError) {
        let count = try inner.read(into: buffer)
        if fault == .swaps, let count, count > 1 { buffer.swapAt(0, count - 1) }
        return count
      } catch {
        if fault == .neverEnds { return nil }
        throw error
      }
    }
    func write(_ buffers: UnsafeBufferPointer<UnsafeRawBufferPointer>) throws(TransportError) -> Int {
      let count = try inner.write(buffers)
      switch fault {
      case .losesTail: return buffers.reduce(0) { $0 + $1.count }
      case .claimsTooMuch: return count + 1
      default: return count
      }
    }
    func close() { inner.close() }
  }
  // Faults that only show by waiting for ever are left out: they would cost this test its patience.
  for fault in Broken.Fault.allCases where fault != .neverEnds && fault != .neverTells && fault != .losesTail {
    #expect(throws: Conformance.Violation.self) {
      try Conformance.checkAll {
        let (a, b) = InProcessTransport.pair(capacity: 50_000)
        return (Broken(a, fault), Broken(b, fault))
      }
    }
  }
}

@Test func `a listener hands out who dialled, in order, and nobody else`() throws {
  let directory = try TestDirectory()
  for address in [.unix(path: directory.path + "/a.sock"), .tcp(host: "127.0.0.1", port: 0)] as [TransportAddress] {
    let listener = try Sockets.listen(at: address, backlog: 5)
    #expect(try listener.accept() == nil)
    let diallers = try (0..<3).map { number in
      let connection = try Sockets.connect(to: listener.address)
      try Conformance.write([UInt8(number)], to: connection)
      return connection
    }
    for number in 0..<3 {
      let accepted = try accept(from: listener)
      #expect(try Conformance.read(1, from: accepted) == [UInt8(number)])
    }
    #expect(try listener.accept() == nil)
    for dialler in diallers { dialler.close() }
    listener.close()
  }
  #expect(access(directory.path + "/a.sock", F_OK) != 0)
}

@Test func `dialling where nobody listens is an error, at once or on the first read`() throws {
  let listener = try Sockets.listen(at: .tcp(host: "127.0.0.1", port: 0), backlog: 1)
  let address = listener.address
  listener.close()
  #expect(throws: TransportError.self) {
    let connection = try Sockets.connect(to: address)
    var entry = pollfd(fd: connection.descriptor!, events: Int16(POLLIN), revents: 0)
    poll(&entry, 1, 20_000)
    _ = try Conformance.readOnce(connection, 1)
  }
  #expect(throws: TransportError.self) { try Sockets.connect(to: .unix(path: "/tmp/muster-test-nobody-here")) }
}

@Test func `addresses that are none for a socket are errors that name them`() {
  let long = "/tmp/" + String(repeating: "x", count: 200)
  let bad: [(TransportAddress, String)] = [
    (.tcp(host: "example.org", port: 1), "example.org"), (.tcp(host: "1:2", port: 1), "1:2"),
    (.tcp(host: "", port: 1), "address"),
    (.unix(path: long), long), (.inProcess("x"), "in-process:x"),
  ]
  for (address, word) in bad {
    for attempt in [
      { _ = try Sockets.connect(to: address) }, { _ = try Sockets.listen(at: address, backlog: 1) },
    ] as [() throws -> Void] {
      do {
        try attempt()
        Issue.record("\(address) was taken")
      } catch {
        #expect("\(error)".contains(word))
      }
    }
  }
}

import Glibc
import Muster
import NamedPipeTransport
import Synchronization
import Testing
import TransportConformance

/// A directory for one test, and two connected ends in it.
private final class Pair: Sendable {
  let directory: NamedPipeDirectory
  private let accepted = Mutex<NamedPipeConnection?>(nil)

  init() throws { directory = try NamedPipeDirectory() }
  deinit { directory.remove() }

  func connect() throws -> (NamedPipeConnection, NamedPipeConnection) {
    let listener = try directory.listen(as: "listener") { [weak self] connection in
      self?.accepted.withLock { $0 = connection }
    }
    defer { withExtendedLifetime(listener) {} }
    let dialler = try directory.connect(to: "listener")
    for _ in 0..<20_000 {
      if let other = accepted.withLock({ $0.take() }) { return (dialler, other) }
      usleep(1_000)
    }
    throw Conformance.Violation("nobody was connected")
  }
}

@Test func `connections over named pipes keep the contract, from either end`() throws {
  let pair = try Pair()
  try Conformance.checkAll { try pair.connect() }
  try Conformance.checkAll {
    let (dialler, accepted) = try pair.connect()
    return (accepted, dialler)
  }
}

@Test func `nobody else can enter the directory, and no name stays in it`() throws {
  let pair = try Pair()
  var status = stat()
  #expect(stat(pair.directory.path, &status) == 0 && status.st_mode & 0o777 == 0o700)
  let (dialler, accepted) = try pair.connect()
  try Conformance.write([1], to: accepted)
  try Conformance.read(1, from: dialler)
  #expect(rmdir(pair.directory.path) == 0, "it is not empty")
}

@Test func `connecting where nobody listens is an error`() throws {
  let pair = try Pair()
  #expect(throws: NamedPipeError.self) { try pair.directory.connect(to: "nobody") }
}

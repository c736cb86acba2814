import Glibc
import TransportConformance

@testable import Muster

/// A directory for one test, removed with this object.
final class TestDirectory {
  let path: String

  init() throws {
    var template = Array("/tmp/muster-test-XXXXXX".utf8CString)
    guard let made = template.withUnsafeMutableBufferPointer({ mkdtemp($0.baseAddress!) }) else {
      throw Conformance.Violation("cannot make a directory: \(describe(errno: errno))")
    }
    path = String(cString: made)
  }

  deinit { SocketDirectory.remove(path) }
}

/// Two ends of a real socket connection.
func socketPair(at address: TransportAddress) throws -> (any Connection, any Connection) {
  let listener = try Sockets.listen(at: address, backlog: 5)
  defer { listener.close() }
  let dialler = try Sockets.connect(to: listener.address)
  return (dialler, try accept(from: listener))
}

/// The next connection of a listener, which is on its way.
func accept(from listener: any Listener) throws -> any Connection {
  if let descriptor = listener.descriptor {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    poll(&entry, 1, 20_000)
  }
  guard let accepted = try listener.accept() else { throw Conformance.Violation("nobody dialled") }
  return accepted
}

let hasIPv6 = (try? Sockets.listen(at: .tcp(host: "::1", port: 0), backlog: 1).close()) != nil

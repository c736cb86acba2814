import ArgumentParser
import Glibc
import Muster

/// The kinds of sockets between processes of one machine.
enum SocketKind: String, CaseIterable, ExpressibleByArgument, Sendable {
  case unix, tcp

  var choice: TransportChoice {
    switch self {
    case .unix: .unix
    case .tcp: .tcp
    }
  }

  /// Two connected sockets with the options that Muster gives its own.
  func makePair() throws -> (Int32, Int32) {
    let pair = try self == .unix ? Self.makeUnixPair() : Self.makeTCPPair()
    for descriptor in [pair.0, pair.1] {
      switch self {
      case .unix:
        Self.set(descriptor, Int32(SOL_SOCKET), SO_SNDBUF, 1 << 20)
        Self.set(descriptor, Int32(SOL_SOCKET), SO_RCVBUF, 1 << 20)
      case .tcp: Self.set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
      }
    }
    return pair
  }

  /// Children get their end by name; whatever else is open would keep a connection alive.
  private static let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)

  private static func makeUnixPair() throws -> (Int32, Int32) {
    var ends: [Int32] = [-1, -1]
    try require(socketpair(AF_UNIX, type, 0, &ends), "socketpair")
    return (ends[0], ends[1])
  }

  private static func makeTCPPair() throws -> (Int32, Int32) {
    let listener = try require(Glibc.socket(AF_INET, type, 0), "socket")
    defer { close(listener) }
    let client = try require(Glibc.socket(AF_INET, type, 0), "socket")
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let server = try withUnsafeMutableBytes(of: &address) { bytes in
      let pointer = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress!
      try require(bind(listener, pointer, size), "bind")
      try require(listen(listener, 1), "listen")
      try require(getsockname(listener, pointer, &size), "getsockname")
      try require(connect(client, pointer, size), "connect")
      let server = try require(accept(listener, nil, nil), "accept")
      _ = fcntl(server, F_SETFD, FD_CLOEXEC)
      return server
    }
    return (client, server)
  }

  private static func set(_ socket: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    setsockopt(socket, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }
}

/// The result of a system call, if it succeeded.
@discardableResult
func require(_ result: Int32, _ call: String) throws(BenchError) -> Int32 {
  guard result >= 0 else { throw BenchError("\(call): \(String(cString: strerror(errno)))") }
  return result
}

import CMuster
import Glibc

/// Opens listening and connecting sockets of either kind.
enum Sockets {
  /// Room for one large array on its way: what the default of 208 KiB costs is measured in
  /// docs/decisions/0001-engine.md.
  private static let unixBufferSize: Int32 = 1 << 20

  /// Listens at an address; TCP port 0 lets the system choose.
  ///
  /// - Parameter backlog: connections that may wait to be accepted.
  static func listen(at address: TransportAddress, backlog: Int) throws(TransportError) -> SocketListener {
    let socket = try open(for: address)
    do throws(TransportError) {
      try withSocketAddress(address) { pointer, length throws(TransportError) in
        if case .tcp = address { set(socket, Int32(SOL_SOCKET), SO_REUSEADDR, 1) }
        try check(bind(socket, pointer, length), "binding \(address)")
      }
      try check(Glibc.listen(socket, Int32(clamping: backlog)), "listening at \(address)")
      return SocketListener(socket: socket, address: try boundAddress(of: socket, asked: address))
    } catch {
      close(socket)
      throw error
    }
  }

  /// Begins to connect. A TCP connection may still be under way when this returns; its failure shows on `read`.
  static func connect(to address: TransportAddress) throws(TransportError) -> SocketConnection {
    let socket = try open(for: address)
    do throws(TransportError) {
      try withSocketAddress(address) { pointer, length throws(TransportError) in
        let result = Glibc.connect(socket, pointer, length)
        if result != 0 && errno != EINPROGRESS { try check(result, "connecting to \(address)") }
      }
      try checkPeer(of: socket, at: address)
    } catch {
      close(socket)
      throw error
    }
    return SocketConnection(socket: socket, peer: address)
  }

  static func accepted(_ socket: Int32, by address: TransportAddress) throws(TransportError) -> SocketConnection {
    configure(socket, for: address)
    do throws(TransportError) {
      try checkPeer(of: socket, at: address)
    } catch {
      close(socket)
      throw error
    }
    return SocketConnection(socket: socket, peer: peer(of: socket) ?? address)
  }

  private static func open(for address: TransportAddress) throws(TransportError) -> Int32 {
    let family: Int32
    switch address {
    case .unix: family = AF_UNIX
    case .tcp(let host, _): family = host.contains(":") ? AF_INET6 : AF_INET
    case .inProcess, .custom: throw TransportError(description: "\(address) is not the address of a socket")
    }
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let socket = socket(family, type, 0)
    try check(socket, "opening a socket for \(address)")
    configure(socket, for: address)
    return socket
  }

  private static func configure(_ socket: Int32, for address: TransportAddress) {
    switch address {
    case .unix:
      set(socket, Int32(SOL_SOCKET), SO_SNDBUF, unixBufferSize)
      set(socket, Int32(SOL_SOCKET), SO_RCVBUF, unixBufferSize)
    case .tcp:
      // Coalescing is ours; the kernel's would hold back the last message of a batch.
      set(socket, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    case .inProcess, .custom: break
    }
  }

  /// On a Unix socket the other end must belong to this user (or root), whatever the mode of the directory.
  private static func checkPeer(of socket: Int32, at address: TransportAddress) throws(TransportError) {
    guard case .unix = address else { return }
    let uid = muster_peer_uid(socket)
    guard uid == Int64(geteuid()) || uid == 0 else {
      throw TransportError(description: "the process at \(address) belongs to user \(uid), not to this one")
    }
  }

  private static func set(_ socket: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    _ = setsockopt(socket, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  static func check(_ result: Int32, _ action: String) throws(TransportError) {
    guard result < 0 else { return }
    let number = errno
    throw TransportError(description: "\(action): \(describe(errno: number))")
  }
}

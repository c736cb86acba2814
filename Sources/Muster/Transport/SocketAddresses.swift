import Glibc

/// Between `TransportAddress` and the kernel's `sockaddr`.
extension Sockets {
  static func withSocketAddress(
    _ address: TransportAddress,
    _ body: (UnsafePointer<sockaddr>, socklen_t) throws(TransportError) -> Void
  ) throws(TransportError) {
    var storage = sockaddr_storage()
    let length = try fill(&storage, with: address)
    try withUnsafePointer(to: &storage) { pointer throws(TransportError) in
      try body(UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self), length)
    }
  }

  private static func fill(
    _ storage: inout sockaddr_storage, with address: TransportAddress
  ) throws(TransportError) -> socklen_t {
    switch address {
    case .unix(let path):
      var result = sockaddr_un()
      result.sun_family = sa_family_t(AF_UNIX)
      let room = MemoryLayout.size(ofValue: result.sun_path) - 1
      guard path.utf8.count <= room else {
        throw TransportError(description: "\(path) is longer than the \(room) bytes a Unix socket's path may have")
      }
      withUnsafeMutableBytes(of: &result.sun_path) { $0.copyBytes(from: path.utf8) }
      withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: result, as: sockaddr_un.self) }
      return socklen_t(MemoryLayout<sockaddr_un>.size)
    case .tcp(let host, let port) where host.contains(":"):
      var result = sockaddr_in6()
      result.sin6_family = sa_family_t(AF_INET6)
      result.sin6_port = port.bigEndian
      guard inet_pton(AF_INET6, host, &result.sin6_addr) == 1 else { throw notAnAddress(host) }
      withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: result, as: sockaddr_in6.self) }
      return socklen_t(MemoryLayout<sockaddr_in6>.size)
    case .tcp(let host, let port):
      var result = sockaddr_in()
      result.sin_family = sa_family_t(AF_INET)
      result.sin_port = port.bigEndian
      guard inet_pton(AF_INET, host, &result.sin_addr) == 1 else { throw notAnAddress(host) }
      withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: result, as: sockaddr_in.self) }
      return socklen_t(MemoryLayout<sockaddr_in>.size)
    case .inProcess, .custom:
      throw TransportError(description: "\(address) is not the address of a socket")
    }
  }

  private static func notAnAddress(_ host: String) -> TransportError {
    TransportError(description: "\(host) is not an IPv4 or IPv6 address in digits")
  }

  /// The address with the port the system chose.
  static func boundAddress(of socket: Int32, asked: TransportAddress) throws(TransportError) -> TransportAddress {
    guard case .tcp(let host, _) = asked else { return asked }
    guard let (_, port) = name(of: socket, getsockname) else {
      throw TransportError(description: "reading the port of \(asked): \(describe(errno: errno))")
    }
    return .tcp(host: host, port: port)
  }

  /// Who is at the other end of a TCP connection.
  static func peer(of socket: Int32) -> TransportAddress? {
    name(of: socket, getpeername).map { .tcp(host: $0.host, port: $0.port) }
  }

  private static func name(
    of socket: Int32,
    _ ask: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
  ) -> (host: String, port: UInt16)? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutableBytes(of: &storage) { raw in
      let address = raw.baseAddress!.assumingMemoryBound(to: sockaddr.self)
      guard ask(socket, address, &length) == 0 else { return nil }
      let port: UInt16
      switch Int32(address.pointee.sa_family) {
      case AF_INET: port = UInt16(bigEndian: raw.load(as: sockaddr_in.self).sin_port)
      case AF_INET6: port = UInt16(bigEndian: raw.load(as: sockaddr_in6.self).sin6_port)
      default: return nil
      }
      return host(of: UnsafeRawPointer(address), family: Int32(address.pointee.sa_family)).map { ($0, port) }
    }
  }

  /// The host part of a `sockaddr`, in digits; `nil` for what is no internet address.
  static func host(of address: UnsafeRawPointer, family: Int32) -> String? {
    switch family {
    case AF_INET:
      var internet = address.loadUnaligned(as: sockaddr_in.self)
      return text(of: &internet.sin_addr, AF_INET)
    case AF_INET6:
      var internet = address.loadUnaligned(as: sockaddr_in6.self)
      return text(of: &internet.sin6_addr, AF_INET6)
    default: return nil
    }
  }

  /// An address in digits.
  private static func text(of address: UnsafeRawPointer, _ family: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
      _ = inet_ntop(family, address, buffer.baseAddress!, socklen_t(buffer.count))
      return String(cString: buffer.baseAddress!)
    }
  }
}

import Glibc

/// Where a process of the cluster can be reached.
public enum TransportAddress: Hashable, Sendable, Codable, CustomStringConvertible {
  /// A Unix-domain socket, for processes of one node.
  case unix(path: String)
  /// An IPv4 or IPv6 address in digits, and a port.
  case tcp(host: String, port: UInt16)
  /// A listener of this very process.
  case inProcess(String)
  /// Something that a manager of your own and its transport understand.
  case custom(String)

  public var description: String {
    switch self {
    case .unix(let path): "unix:\(path)"
    case .tcp(let host, let port): host.contains(":") ? "tcp:[\(host)]:\(port)" : "tcp:\(host):\(port)"
    case .inProcess(let name): "in-process:\(name)"
    case .custom(let text): "custom:\(text)"
    }
  }

  /// Reads what `description` prints; `nil` for anything else.
  public init?(_ text: String) {
    if text.hasPrefix("unix:") {
      self = .unix(path: String(text.dropFirst("unix:".count)))
    } else if text.hasPrefix("tcp:"), let colon = text.lastIndex(of: ":"),
      let port = UInt16(text[text.index(after: colon)...])
    {
      var host = text[text.index(text.startIndex, offsetBy: 4)..<max(colon, text.index(text.startIndex, offsetBy: 4))]
      if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
      guard !host.isEmpty else { return nil }
      self = .tcp(host: String(host), port: port)
    } else if text.hasPrefix("in-process:") {
      self = .inProcess(String(text.dropFirst("in-process:".count)))
    } else if text.hasPrefix("custom:") {
      self = .custom(String(text.dropFirst("custom:".count)))
    } else {
      return nil
    }
  }
}

extension TransportAddress {
  /// Whether an address in digits leads to this very host only.
  static func isLoopback(_ host: String) -> Bool {
    host.hasPrefix("127.") || host == "::1" || host.hasPrefix("::ffff:127.")
  }

  var isLoopback: Bool {
    if case .tcp(let host, _) = self { Self.isLoopback(host) } else { false }
  }
}

/// Which kind of connection the processes of a cluster open to each other.
public enum TransportChoice: String, Sendable, Codable, CaseIterable {
  /// Unix-domain sockets between processes of one node, TCP otherwise.
  case automatic
  case tcp
  case unix
}

import Glibc

/// An address of this host.
public struct HostAddress: Hashable, Sendable, Codable {
  /// Such as `eth0`.
  public let interface: String
  /// In digits.
  public let host: String

  public init(interface: String, host: String) {
    self.interface = interface
    self.host = host
  }

  /// Those of interfaces that are up, loopback apart, in the kernel's order; addresses that are good on one link only
  /// (fe80::, 169.254.) need to be told which, and are left out.
  public static func current() -> [HostAddress] {
    var first: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&first) == 0 else { return [] }
    defer { freeifaddrs(first) }
    var found: [HostAddress] = []
    for entry in sequence(first: first, next: { $0?.pointee.ifa_next }) {
      guard let entry, let address = entry.pointee.ifa_addr,
        entry.pointee.ifa_flags & UInt32(IFF_UP) != 0,
        let host = Sockets.host(of: UnsafeRawPointer(address), family: Int32(address.pointee.sa_family)),
        !TransportAddress.isLoopback(host), !host.hasPrefix("fe80:"), !host.hasPrefix("169.254.")
      else { continue }
      found.append(HostAddress(interface: String(cString: entry.pointee.ifa_name), host: host))
    }
    return found
  }

  /// Those that other hosts are to use: all, or those that `options.interface` names.
  ///
  /// - Parameter choice: an interface (`ib0`), a network (`10.1.0.0/16`, `fd00::/8`) or an address.
  /// - Throws: `ClusterError` `.invalidArgument` when there is none, with those that there are.
  static func choose(_ choice: String?, from all: [HostAddress]) throws(ClusterError) -> [String] {
    guard let choice else { return all.map(\.host) }
    let network = IPNetwork(choice)
    let chosen = all.filter { $0.interface == choice || network?.contains($0.host) == true }
    guard !chosen.isEmpty else {
      let there = all.map { "\($0.interface) (\($0.host))" }.joined(separator: ", ")
      throw ClusterError(
        .invalidArgument,
        "options.interface is '\(choice)', but on \(hostName()) no interface has that name or an address in that network: "
          + (there.isEmpty ? "it has loopback only" : "there are \(there)"))
    }
    return chosen.map(\.host)
  }
}

/// A network such as 10.1.0.0/16, or a single address: a plain value.
struct IPNetwork: Equatable, Sendable {
  let prefix: [UInt8]
  let length: Int

  init?(_ text: String) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let bytes = Self.bytes(of: String(parts[0])) else { return nil }
    prefix = bytes
    guard parts.count == 2 else {
      length = bytes.count * 8
      return
    }
    guard let length = Int(parts[1]), (0...(bytes.count * 8)).contains(length) else { return nil }
    self.length = length
  }

  func contains(_ host: String) -> Bool {
    guard let bytes = Self.bytes(of: host), bytes.count == prefix.count else { return false }
    return (0..<length).allSatisfy { bit in
      (bytes[bit / 8] ^ prefix[bit / 8]) & (0x80 >> (bit % 8)) == 0
    }
  }

  private static func bytes(of host: String) -> [UInt8]? {
    var four = in_addr()
    if inet_pton(AF_INET, host, &four) == 1 { return withUnsafeBytes(of: four) { Array($0) } }
    var sixteen = in6_addr()
    if inet_pton(AF_INET6, host, &sixteen) == 1 { return withUnsafeBytes(of: sixteen) { Array($0) } }
    return nil
  }
}

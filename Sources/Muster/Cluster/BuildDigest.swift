import CMuster

/// Which build of the program this is: the ELF build-id, which differs whenever the linked code does.
struct BuildDigest: Hashable, Sendable, CustomStringConvertible {
  static let size = 32
  static let current = BuildDigest()

  let bytes: [UInt8]

  private init() {
    var bytes = [UInt8](repeating: 0, count: Self.size)
    _ = muster_build_id(&bytes, Self.size)
    self.bytes = bytes
  }

  init(bytes: [UInt8]) { self.bytes = bytes }

  var description: String {
    let hex = bytes.prefix { _ in true }.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    return String(hex.prefix(12))
  }
}

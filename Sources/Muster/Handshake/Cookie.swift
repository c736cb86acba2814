import CMuster
import Crypto
import Glibc

/// The secret of one cluster: whoever knows it may join and run code.
///
/// It reaches workers by their standard input only, is never sent over our own connections, and prints as nothing.
struct Cookie: Sendable, CustomStringConvertible {
  static let size = 32
  /// The least a user's own cookie may have.
  static let minimumBits = 128

  let bytes: [UInt8]

  /// 256 random bits from the system.
  init() {
    bytes = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.size) { buffer in
      var filled = 0
      while filled < Self.size {
        let count = muster_random(buffer.baseAddress! + filled, Self.size - filled)
        precondition(count > 0 || errno == EINTR, "the system gives no random bytes: \(describe(errno: errno))")
        if count > 0 { filled += count }
      }
      return Array(buffer)
    }
  }

  /// Reads hexadecimal digits.
  init(hex: String) throws(ClusterError) {
    let digits = hex.utf8.compactMap { byte -> UInt8? in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
      default: nil
      }
    }
    guard digits.count == hex.utf8.count, digits.count.isMultiple(of: 2), digits.count * 4 >= Self.minimumBits else {
      throw ClusterError(
        .invalidArgument,
        "a cluster cookie is an even number of hexadecimal digits, at least \(Self.minimumBits / 4) of them; "
          + "this one has \(hex.utf8.count) characters, \(digits.count) of them such digits")
    }
    bytes = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  var hex: String { bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

  /// Not the secret: this may end in a log.
  var description: String { "(cookie)" }

  func authenticationCode(of message: [UInt8]) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: bytes)))
  }

  /// A key of 256 bits for one session and direction.
  func sessionKey(_ label: [UInt8]) -> SymmetricKey { SymmetricKey(data: authenticationCode(of: label)) }

  /// Compares in constant time.
  func isValid(_ code: [UInt8], for message: [UInt8]) -> Bool {
    HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: message, using: SymmetricKey(data: bytes))
  }
}

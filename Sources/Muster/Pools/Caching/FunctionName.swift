import Crypto

/// What a function value is called in messages: a hash of its type and content.
struct FunctionName: Hashable, Codable, Sendable {
  private let high: UInt64
  private let low: UInt64

  init(of type: String, _ content: FunctionContent, _ hash: ContentHash) throws {
    var digest = SHA256()
    digest.update(data: Array(type.utf8))
    try content.withParts { digest.update(data: try hash.tag(of: $0)) }
    var words: (UInt64, UInt64) = (0, 0)
    for (index, byte) in digest.finalize().prefix(16).enumerated() {
      if index < 8 { words.0 = words.0 << 8 | UInt64(byte) } else { words.1 = words.1 << 8 | UInt64(byte) }
    }
    (high, low) = words
  }
}

/// Tells contents apart at the speed of memory: GHASH, the polynomial hash of AES-GCM, at a point that only the cluster
/// knows. The content is what GCM would authenticate, and nothing is encrypted.
///
/// For any two contents of n bytes that do not depend on the key, the probability that they have the same tag is at most
/// n / 16 / 2¹²⁸, which for 80 MB is 2⁻¹⁰⁵. It takes 4 ms for these, SHA-256 with the processor's instructions for it
/// 42 ms. That a nonce is used more than once matters only where tags are shown to somebody who is to be kept from
/// forging them.
struct ContentHash {
  private let key: SymmetricKey

  /// - Parameter cookie: the same in all processes of a cluster, and so are the names.
  init(_ cookie: Cookie) {
    key = SymmetricKey(data: cookie.authenticationCode(of: Array("the names of function values".utf8)))
  }

  func tag(of bytes: UnsafeRawBufferPointer) throws -> [UInt8] {
    let nonce = try AES.GCM.Nonce(data: [UInt8](repeating: 0, count: 12))
    return Array(try AES.GCM.seal([UInt8](), using: key, nonce: nonce, authenticating: bytes).tag)
  }
}

import Crypto

/// The authentication code of records of one session and direction: AES-GMAC, of which the nonce is the record's
/// number, so that none can be altered, left out, repeated or put elsewhere.
///
/// AES-GCM over nothing but authenticated data: NIST SP 800-38D calls that GMAC. A number is never used twice, because
/// a key belongs to one direction of one connection. Measured beside HMAC and Poly1305 in docs/decisions/0010-ssh.md.
struct RecordSeal: Sendable {
  static let codeSize = 16

  private let key: SymmetricKey
  private var number: UInt64 = 0

  init(key: SymmetricKey) { self.key = key }

  /// The code of the next record, written behind it.
  mutating func seal(_ record: UnsafeRawBufferPointer, into code: UnsafeMutableRawBufferPointer) {
    do {
      let sealed = try AES.GCM.seal([UInt8](), using: key, nonce: nextNonce(), authenticating: record)
      code.copyBytes(from: sealed.tag)
    } catch {
      // The key has a legal size, the nonce, too: there is nothing else that the library checks.
      preconditionFailure("AES-GCM: \(error)")
    }
  }

  /// Whether this is the next record.
  mutating func isValid(_ record: UnsafeRawBufferPointer, code: UnsafeRawBufferPointer) -> Bool {
    do {
      let box = try AES.GCM.SealedBox(nonce: nextNonce(), ciphertext: [UInt8](), tag: code)
      _ = try AES.GCM.open(box, using: key, authenticating: record)
      return true
    } catch {
      return false
    }
  }

  private mutating func nextNonce() throws -> AES.GCM.Nonce {
    defer { number += 1 }
    return try withUnsafeTemporaryAllocation(byteCount: 12, alignment: 8) { bytes in
      bytes.storeBytes(of: 0, as: UInt32.self)
      bytes.storeBytes(of: number.littleEndian, toByteOffset: 4, as: UInt64.self)
      return try AES.GCM.Nonce(data: UnsafeRawBufferPointer(bytes))
    }
  }
}

/// How bytes travel on a sealed connection: records of a length (UInt32, little-endian), so many bytes, and the code of
/// both.
enum RecordFormat {
  static let headerSize = 4
  static let overhead = headerSize + RecordSeal.codeSize
  static let maximumPayload = 64 << 10
}

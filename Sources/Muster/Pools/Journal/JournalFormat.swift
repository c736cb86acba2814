import Crypto

/// How a journal looks on disk; a plain value.
///
/// A file is a head and then records, each a length, a checksum and a body. Records are only ever appended. Whatever was
/// being written when the process ended is a record whose end is missing or whose checksum is wrong: it and what follows
/// does not count. So a journal that is cut at any byte is a journal of fewer records.
enum JournalFormat {
  /// The name of the format, and its version.
  static let head = Array("muster journal 1\n".utf8)
  /// A length that is larger is no length.
  static let maximumBody = 1 << 30
  private static let checksumSize = 8
  private static let prefixSize = 4 + checksumSize

  /// The bytes of a record.
  static func record(_ body: [UInt8]) -> [UInt8] {
    let length = UInt32(body.count)
    return bytes(of: length) + checksum(length, body[...]) + body
  }

  /// What a file holds.
  struct Content: Equatable {
    /// The bodies of the records that are whole.
    var bodies: [ArraySlice<UInt8>] = []
    /// How much of the file that is; the rest is to be cut off before more is appended.
    var validSize = 0
    var isTorn = false
  }

  /// Reads a file as far as it is whole.
  ///
  /// - Returns: `nil` if it is something else than a journal. An empty file, or one with the beginning of a head, is a
  ///   journal without records.
  static func read(_ file: [UInt8]) -> Content? {
    guard file.starts(with: head) else {
      return head.starts(with: file) ? Content(isTorn: !file.isEmpty) : nil
    }
    var content = Content(validSize: head.count)
    while let body = body(in: file, at: content.validSize) {
      content.bodies.append(body)
      content.validSize = body.endIndex
    }
    content.isTorn = content.validSize < file.count
    return content
  }

  private static func body(in file: [UInt8], at offset: Int) -> ArraySlice<UInt8>? {
    let start = offset + prefixSize
    guard start <= file.count else { return nil }
    let length = file[offset..<offset + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    guard length <= maximumBody, Int(length) <= file.count - start else { return nil }
    let body = file[start..<start + Int(length)]
    return checksum(length, body).elementsEqual(file[offset + 4..<start]) ? body : nil
  }

  /// Of the length, too: zeros, which a file system may leave behind a crash, are no record.
  private static func checksum(_ length: UInt32, _ body: ArraySlice<UInt8>) -> [UInt8] {
    var hash = SHA256()
    hash.update(data: bytes(of: length))
    hash.update(data: body)
    return Array(hash.finalize().prefix(checksumSize))
  }

  private static func bytes(of length: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) }
  }
}

/// A text whose blanks are single ones, and none at the ends of lines, in small letters; every line has its CRC-32 in
/// front.
///
/// - Throws: `NotText` if a byte is zero.
func normalised(_ text: [UInt8], of path: String) throws -> [UInt8] {
  if text.contains(0) { throw NotText(path: path) }
  var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
  if lines.last?.isEmpty == true { lines.removeLast() }
  var result: [UInt8] = []
  for line in lines {
    let words = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r") }
    let content = Array(words.joined(separator: [UInt8(ascii: " ")])).map(smallLetter)
    result += hexadecimal(crc32(content)) + [UInt8(ascii: " ")] + content + [UInt8(ascii: "\n")]
  }
  return result
}

/// What is in the folder is not only text.
struct NotText: Error, Codable, CustomStringConvertible {
  let path: String
  var description: String { "\(path): a byte is zero, so this is not a text file" }
}

private func smallLetter(_ byte: UInt8) -> UInt8 {
  (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}

/// The checksum of gzip and PNG (ISO 3309).
func crc32(_ bytes: [UInt8]) -> UInt32 {
  ~bytes.reduce(~0) { crc, byte in CRC.table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ (crc >> 8) }
}

private enum CRC {
  static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(byte) { crc, _ in crc & 1 == 1 ? 0xEDB8_8320 ^ (crc >> 1) : crc >> 1 }
  }
}

private func hexadecimal(_ number: UInt32) -> [UInt8] {
  stride(from: 28, through: 0, by: -4).map { Array("0123456789abcdef".utf8)[Int(number >> $0) & 15] }
}

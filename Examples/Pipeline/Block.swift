import Foundation

/// The lines that begin in some bytes of a file.
struct Block: Codable, Sendable, Equatable {
  /// Of all blocks of all files.
  var number: Int
  var path: String
  var bytes: Range<Int>

  /// The files of a folder in the order of their names, cut into blocks of `size` bytes.
  ///
  /// - Throws: `FileError` when the folder cannot be read.
  static func covering(folder: String, size: Int) throws -> [Block] {
    var blocks: [Block] = []
    for path in try filesIn(folder) {
      let length = try fileSize(path)
      for start in stride(from: 0, to: length, by: size) {
        blocks.append(Block(number: blocks.count, path: path, bytes: start..<min(start + size, length)))
      }
    }
    return blocks
  }

  /// - Throws: `FileError`.
  func read() throws -> [UInt8] {
    let file = try mapFile(path)
    return Array(file[lineStart(in: file, from: bytes.lowerBound)..<lineStart(in: file, from: bytes.upperBound)])
  }
}

/// Where the first line begins at `position` or behind it.
func lineStart<Bytes: Collection<UInt8>>(in file: Bytes, from position: Int) -> Bytes.Index {
  // It is behind the end of another one, the last byte of which may be the one before it.
  guard position > 0 else { return file.startIndex }
  let end = file.dropFirst(position - 1).firstIndex(of: UInt8(ascii: "\n"))
  return end.map { file.index(after: $0) } ?? file.endIndex
}

extension [Block] {
  var summary: String {
    let bytes = reduce(0) { $0 + $1.bytes.count }
    return "\(bytes) bytes in \(Set(map(\.path)).count) files, \(count) blocks"
  }
}

import Glibc

/// A file that could not be read or written.
struct FileError: Error, CustomStringConvertible {
  let path: String
  let reason: String

  init(_ path: String) {
    self.path = path
    reason = String(cString: strerror(errno))
  }

  var description: String { "\(path): \(reason)" }
}

/// The whole content of a text file.
func readText(_ path: String) throws -> String {
  guard let file = fopen(path, "r") else { throw FileError(path) }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 4096)
  while true {
    let count = fread(&buffer, 1, buffer.count, file)
    bytes += buffer[..<count]
    guard count == buffer.count else { break }
  }
  guard ferror(file) == 0 else { throw FileError(path) }
  return String(decoding: bytes, as: UTF8.self)
}

/// Writes a text file, in place of one that is there.
func writeText(_ text: String, to path: String) throws {
  guard let file = fopen(path, "w") else { throw FileError(path) }
  let written = text.utf8.withContiguousStorageIfAvailable { fwrite($0.baseAddress, 1, $0.count, file) }
  let closed = fclose(file)
  guard written == text.utf8.count, closed == 0 else { throw FileError(path) }
}

/// Creates a directory unless it is there.
func createDirectory(_ path: String) throws {
  guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw FileError(path) }
}

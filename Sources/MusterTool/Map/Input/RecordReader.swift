import Glibc

/// The lines of a file, a pipe or a terminal as they come, or what else is between separators.
final class RecordReader: IteratorProtocol {
  private let descriptor: Int32
  private let path: String
  private let separator: UInt8
  private var buffer = Bytes()
  /// Of the buffer, what has not been handed out.
  private var start = 0
  private var isAtEnd = false
  /// What has gone wrong, after the last record.
  private(set) var failure: MapError?

  /// - Parameters:
  ///   - path: `-` is standard input.
  ///   - separator: the byte that ends a record; the last one may lack it.
  /// - Throws: `MapError` when the file cannot be opened.
  init(path: String, separator: UInt8) throws(MapError) {
    self.path = path == "-" ? "standard input" : path
    self.separator = separator
    descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw MapError("cannot read \(self.path)", errno: errno) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  deinit { close(descriptor) }

  /// Blocks until there is one.
  func next() -> Bytes? {
    var searched = start
    while true {
      if let end = buffer[searched...].firstIndex(of: separator) {
        defer { start = end + 1 }
        return checked(buffer[start..<end])
      }
      searched = buffer.count
      if isAtEnd || !readMore(&searched) { break }
    }
    guard start < buffer.count else { return nil }
    defer { start = buffer.count }
    return checked(buffer[start...])
  }

  /// No command can be given a zero byte: it would be another command without what follows.
  private func checked(_ record: ArraySlice<UInt8>) -> Bytes? {
    guard failure == nil else { return nil }
    if record.contains(0) {
      failure = MapError(
        "there is a zero byte in \(path): if its values end with one (find -print0) say so with --null")
      return nil
    }
    return Bytes(record)
  }

  private func readMore(_ searched: inout Int) -> Bool {
    buffer.removeFirst(start)
    searched -= start
    start = 0
    let count = withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 1) { chunk in
      var count = 0
      repeat { count = read(descriptor, chunk.baseAddress, chunk.count) } while count < 0 && errno == EINTR
      if count > 0 { buffer += chunk[..<count] }
      return count
    }
    if count < 0 { failure = MapError("cannot read \(path)", errno: errno) }
    isAtEnd = count <= 0
    return !isAtEnd
  }
}

import Glibc

extension Hostfile {
  /// No hostfile has so many bytes; a device or a wrong file may.
  private static let largestFile = 16 << 20

  /// Reads a hostfile.
  ///
  /// - Throws: `ClusterError` `.invalidArgument` for a file that cannot be read, and as `init(parsing:file:format:)`.
  public init(contentsOf path: String, format: Format? = nil) throws(ClusterError) {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw Self.unreadable(path, describe(errno: errno)) }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = read(file, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Self.unreadable(path, describe(errno: errno)) }
      if count == 0 { break }
      bytes += chunk[..<count]
      guard bytes.count <= Self.largestFile else {
        throw Self.unreadable(path, "it has more than \(Self.largestFile >> 20) MiB")
      }
    }
    try self.init(parsing: String(decoding: bytes, as: UTF8.self), file: path, format: format)
  }

  private static func unreadable(_ path: String, _ reason: String) -> ClusterError {
    ClusterError(.invalidArgument, "the hostfile \(path) cannot be read: \(reason)")
  }
}

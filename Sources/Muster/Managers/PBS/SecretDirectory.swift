import Glibc

/// A directory that only this user can look into, for what is to reach processes that have no standard input; removed
/// with this object at the latest.
final class SecretDirectory: Sendable {
  let path: String

  /// - Parameter parent: where all nodes see it.
  init(in parent: String) throws(ClusterError) {
    var template = Array("\(parent)/.muster-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template).map({ String(cString: $0) }) else {
      throw ClusterError(
        .launchFailed, "cannot make a directory in \(parent): \(describe(errno: errno)) (see options.sharedDirectory)")
    }
    path = made
  }

  deinit { remove() }

  /// Whoever needs it until here says so here: an object may end with its last use.
  func remove() { SocketDirectory.remove(path) }

  func write(_ text: String, to name: String) throws(ClusterError) {
    let file = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else { throw unwritable(name) }
    defer { close(file) }
    var rest = Substring(text).utf8[...]
    while !rest.isEmpty {
      let count = Array(rest).withUnsafeBytes { Glibc.write(file, $0.baseAddress!, $0.count) }
      guard count > 0 else { throw unwritable(name) }
      rest = rest.dropFirst(count)
    }
  }

  func lines(of name: String) -> [String] {
    (readSmallFile("\(path)/\(name)") ?? "").split(whereSeparator: \.isNewline).map(String.init)
  }

  private func unwritable(_ name: String) -> ClusterError {
    ClusterError(.launchFailed, "cannot write \(path)/\(name): \(describe(errno: errno))")
  }
}

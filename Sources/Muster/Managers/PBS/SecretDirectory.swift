import Glibc

/// A directory that only this user can look into, for what is to reach processes that have no standard input; removed
/// with this object at the latest, and by a caretaker should this process be killed.
final class SecretDirectory: Sendable {
  let path: String
  /// A shell whose standard input ends with this process, however that ends.
  private let caretaker: ChildProcess

  /// - Parameters:
  ///   - parent: where all nodes see it.
  ///   - orphaned: what the caretaker is to do in it, in words of sh, before it removes it.
  /// - Throws: `ClusterError` `.launchFailed`.
  init(in parent: String, orphaned: String) throws {
    var template = Array("\(parent)/.muster-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template).map({ String(cString: $0) }) else {
      throw ClusterError(
        .launchFailed, "cannot make a directory in \(parent): \(describe(errno: errno)) (see options.sharedDirectory)")
    }
    path = made
    do {
      caretaker = try Self.caretaker(of: made, orphaned)
    } catch {
      rmdir(made)
      throw error
    }
  }

  private static func caretaker(of path: String, _ orphaned: String) throws -> ChildProcess {
    // What asks all processes of a job to end asks process 1, too; it may take its time.
    let script = """
      exec >/dev/null 2>&1
      trap '' HUP INT TERM
      read -r line
      cd "$0" || exit 0
      \(orphaned)
      rm -rf "$0"
      """
    let cluster = Cluster.current
    return try ChildProcess.spawn(
      ChildProcess.Command(
        executable: "/bin/sh", arguments: ["-c", script, path], environment: currentEnvironment(), directory: nil,
        input: "", keepsInputOpen: true),
      engine: cluster.engine, output: OutputForwarder(prefix: "", engine: cluster.engine, cluster: cluster))
  }

  deinit { remove() }

  /// Whoever needs it until here says so here: an object may end with its last use.
  func remove() {
    SocketDirectory.remove(path)
    caretaker.closeInput()
  }

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
    (readSmallFile("\(path)/\(name)") ?? "").split(separator: "\n").map(String.init)
  }

  private func unwritable(_ name: String) -> ClusterError {
    ClusterError(.launchFailed, "cannot write \(path)/\(name): \(describe(errno: errno))")
  }
}

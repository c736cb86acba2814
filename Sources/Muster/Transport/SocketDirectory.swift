import CMuster
import Glibc

/// A directory of mode 0700 for the Unix sockets of one cluster on one node; removed with the process that made it.
final class SocketDirectory: Sendable {
  let path: String
  private let owner = getpid()
  /// Locked while this process lives, so that others can tell a directory that was left behind.
  private let lock: Int32

  /// Makes a new one under $XDG_RUNTIME_DIR or /tmp (the path of a Unix socket is short), after removing those that
  /// killed processes of this user have left there.
  init() throws(ClusterError) {
    let base = Self.base
    let prefix = "\(base)/\(Self.prefix)"
    Self.removeLeftovers(in: base)
    let made = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 108) { buffer -> String? in
      // Under another name until it is locked: what is not locked looks left behind.
      let template = "\(base)/.muster-\(geteuid())-\(getpid())-XXXXXX"
      guard template.utf8.count < 80 else { return nil }
      template.withCString { _ = strcpy(buffer.baseAddress!, $0) }
      return mkdtemp(buffer.baseAddress!).map { String(cString: $0) }
    }
    guard let made else {
      throw ClusterError(
        .launchFailed, "cannot make a directory for sockets in \(base): \(describe(errno: errno)) (set XDG_RUNTIME_DIR)"
      )
    }
    lock = Self.openLock(in: made, flags: O_CREAT)
    flock(lock, LOCK_EX | LOCK_NB)
    path = prefix + made.dropFirst("\(base)/.muster-\(geteuid())-".utf8.count)
    rename(made, path)
    muster_remove_directory_on_signal(path)
  }

  deinit {
    remove()
    close(lock)
  }

  func remove() {
    guard getpid() == owner else { return }
    Self.remove(path)
    muster_remove_directory_on_signal(nil)
  }

  static func remove(_ path: String) {
    for name in entries(of: path) { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  /// Where new ones are made.
  private static var base: String {
    environmentVariable("XDG_RUNTIME_DIR").flatMap { access($0, W_OK) == 0 ? $0 : nil } ?? "/tmp"
  }

  /// A new one, in which the X stand for what is chosen then.
  static var pattern: String { "\(base)/\(prefix)XXXXXX" }

  /// What the names of this user's directories begin with.
  private static let prefix = "muster-\(geteuid())-"

  /// Those of the programs of this user that run on this node, wherever they have found a place; what others have left
  /// behind is removed.
  static func all() -> [String] {
    let bases = [environmentVariable("XDG_RUNTIME_DIR"), "/run/user/\(geteuid())", "/tmp"].compactMap { $0 }
    var found: [String] = []
    for base in bases where access(base, W_OK) == 0 {
      removeLeftovers(in: base)
      found += entries(of: base).filter { $0.hasPrefix(prefix) }.map { "\(base)/\($0)" }.filter(isOurs)
    }
    return Set(found).sorted()
  }

  /// Somebody else may have made a directory of such a name.
  private static func isOurs(_ path: String) -> Bool {
    var status = stat()
    guard lstat(path, &status) == 0 else { return false }
    return status.st_mode & S_IFMT == S_IFDIR && status.st_uid == geteuid() && status.st_mode & 0o077 == 0
  }

  private static func removeLeftovers(in base: String) {
    for name in entries(of: base) where name.hasPrefix(prefix) {
      let lock = openLock(in: "\(base)/\(name)", flags: 0)
      guard lock >= 0 else {
        // A worker that was just joining has made its socket while the directory was being removed.
        if errno == ENOENT { remove("\(base)/\(name)") }
        continue
      }
      if flock(lock, LOCK_EX | LOCK_NB) == 0 { remove("\(base)/\(name)") }
      close(lock)
    }
  }

  private static func openLock(in directory: String, flags: Int32) -> Int32 {
    open("\(directory)/lock", O_RDWR | O_CLOEXEC | flags, 0o600)
  }

  private static func entries(of path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}

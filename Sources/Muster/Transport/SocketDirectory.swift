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
    let folder = Self.openFolder(made)
    lock = folder.map { Self.openLock(in: $0, flags: O_CREAT) } ?? -1
    if let folder { close(folder) }
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

  /// Removes a directory of this user's, with the files in it.
  static func remove(_ path: String) {
    guard let folder = openFolder(path) else { return }
    defer { close(folder) }
    remove(path, folder)
  }

  private static func remove(_ path: String, _ folder: Int32) {
    for name in entries(of: folder) { unlinkat(folder, name, 0) }
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
    var found: Set<String> = []
    for base in bases where access(base, W_OK) == 0 {
      removeLeftovers(in: base)
      found.formUnion(candidates(in: base).filter(isOurs))
    }
    return found.sorted()
  }

  /// The paths in a directory that are named as this user's directories are.
  private static func candidates(in base: String) -> [String] {
    guard let everything = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC).nonNegative else { return [] }
    defer { close(everything) }
    return entries(of: everything).filter { $0.hasPrefix(prefix) }.map { "\(base)/\($0)" }
  }

  /// Somebody else may have made a directory of such a name.
  private static func isOurs(_ path: String) -> Bool {
    guard let folder = openFolder(path) else { return false }
    close(folder)
    return true
  }

  private static func removeLeftovers(in base: String) { for path in candidates(in: base) { removeIfLeft(path) } }

  /// Removes a directory of this user's if the process that has made it does not live any more.
  static func removeIfLeft(_ path: String) {
    guard let folder = openFolder(path) else { return }
    defer { close(folder) }
    guard let lock = openLock(in: folder, flags: 0).nonNegative else {
      // A worker that was just joining has made its socket while the directory was being removed.
      if errno == ENOENT { remove(path, folder) }
      return
    }
    if flock(lock, LOCK_EX | LOCK_NB) == 0 { remove(path, folder) }
    close(lock)
  }

  /// In /tmp others can make links of any name, which may lead to what is dear to this user: what is done in a directory
  /// is done by its descriptor, and only if it is a directory and this user's own.
  private static func openFolder(_ path: String) -> Int32? {
    guard let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW).nonNegative else { return nil }
    var status = stat()
    if fstat(folder, &status) == 0, status.st_uid == geteuid() { return folder }
    close(folder)
    return nil
  }

  private static func openLock(in folder: Int32, flags: Int32) -> Int32 {
    openat(folder, "lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0o600)
  }

  /// The names in a directory; the descriptor stays the caller's.
  private static func entries(of folder: Int32) -> [String] {
    let own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard own >= 0, let directory = fdopendir(own) else { return [] }
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

extension Int32 {
  /// A descriptor; `nil` for -1.
  fileprivate var nonNegative: Int32? { self >= 0 ? self : nil }
}

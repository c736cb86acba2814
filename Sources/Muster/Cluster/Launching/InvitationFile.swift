import Glibc

/// A file of mode 0600 in a directory of mode 0700, for a secret that other processes of this user need.
struct InvitationFile: Sendable {
  private let directory: String
  private var path: String { directory + "/invitation" }

  /// Makes the directory.
  ///
  /// - Throws: `ClusterError` `.launchFailed` when it is there already, or cannot be made.
  init(directory: String) throws(ClusterError) {
    guard mkdir(directory, 0o700) == 0 else {
      throw ClusterError(
        .launchFailed,
        "cannot make the directory \(directory) for the invitation of the other tasks: \(describe(errno: errno)); start "
          + "the program in a directory that all nodes share")
    }
    self.directory = directory
  }

  func write(_ text: String) throws(ClusterError) {
    let draft = path + ".new"
    let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw failure }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    // There as a whole or not at all.
    guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0, rename(draft, path) == 0
    else { throw failure }
  }

  private var failure: ClusterError {
    ClusterError(.launchFailed, "cannot write the invitation in \(directory): \(describe(errno: errno))")
  }

  func remove() {
    unlink(path)
    unlink(path + ".new")
    rmdir(directory)
  }

  /// Reads what process 1 has left there.
  ///
  /// - Returns: `nil` if it is not there yet.
  /// - Throws: `ClusterError` `.refused` when the directory is not this user's alone.
  static func read(directory: String) throws(ClusterError) -> String? {
    let folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
    guard folder >= 0 else { return nil }
    defer { close(folder) }
    var status = stat()
    guard fstat(folder, &status) == 0, status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
      throw ClusterError(.refused, "the directory \(directory) is not this user's alone: nothing in it is trusted")
    }
    let descriptor = openat(folder, "invitation", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return withUnsafeTemporaryAllocation(byteCount: Invitation.maximumSize, alignment: 1) { buffer in
      let count = Glibc.read(descriptor, buffer.baseAddress!, buffer.count)
      return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
  }
}

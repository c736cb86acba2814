import CMuster
import Glibc
import Synchronization

/// The manager of the tasks of a step that run the program themselves: it starts nothing, and tells them where process 1
/// is.
///
/// Their standard input is that of srun, so the invitation is in a file that only this user can read, until all have
/// joined.
struct SlurmTaskManager: ClusterManager {
  private let task: SlurmTask

  init(_ task: SlurmTask) { self.task = task }

  func needsNetwork(_ options: AddprocsOptions) -> Bool { true }

  func workerCount() throws -> Int { task.count - 1 }

  func launch(_ request: LaunchRequest) async throws {
    guard let first = request.workers.first else { return }
    let file = try InvitationFile(directory: task.directory)
    do {
      // The tickets of a launch follow each other: each task finds its own by its rank.
      try file.write(request.invitation(for: first))
      for worker in request.workers { request.started(worker, WorkerConfig()) }
      try await request.waitUntilSettled()
    } catch {
      file.remove()
      throw error
    }
    file.remove()
  }

  /// A task that was asked to leave exits; one that does not, does when process 1 has.
  func kill(_ pid: ProcessID, _ config: WorkerConfig) async throws {}
}

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

extension WorkerProcess {
  /// How often a task looks for the invitation: the directory may be on a file system that tells nobody of changes.
  private static let period: Duration = .milliseconds(50)

  /// Serves as a task of a step; does not return.
  static func serve(_ task: SlurmTask) async -> Never {
    for warning in AllocationWarning.allCases { muster_survive_signal(warning.signal) }
    await serve {
      var invitation = try await waitForInvitation(in: task.directory)
      invitation.ticket += UInt64(task.rank - 1)
      try await join(invitation)
    }
  }

  private static func waitForInvitation(in directory: String) async throws -> Invitation {
    let deadline = ContinuousClock.now + AddprocsOptions().timeout
    while ContinuousClock.now < deadline {
      if let text = try InvitationFile.read(directory: directory) { return try Invitation(text: text) }
      try await Task.sleep(for: period)
    }
    throw ClusterError(
      .timeout,
      "task 0 has left no invitation in \(directory): do all tasks run the same program in the same directory?")
  }
}

import CMuster
import Glibc
import Synchronization

/// Makes the other tasks of a Slurm step that runs this program (`srun ./program`) its workers; to be called by a `main()` of
/// your own, after `becomeWorkerIfLaunchedAsOne()`. A `ClusterProgram` does it by itself.
///
/// - Parameter options: as for `addprocs`.
/// - Returns: their numbers; none where this process is not one of several tasks.
/// - Throws: `ClusterError` as `addprocs`.
@discardableResult
public func addSlurmTasks(options: AddprocsOptions? = nil) async throws -> [ProcessID] {
  guard let task = SlurmTask.ofThisProcess else { return [] }
  return try await addprocs(SlurmTaskManager(task), options: options)
}

/// The manager of the tasks of a step that run the program themselves: it starts nothing, and tells them where process 1
/// is.
///
/// Their standard input is that of srun, so the invitation is in a file that only this user can read, until all have
/// joined.
struct SlurmTaskManager: ClusterManager {
  private static let exitTimeout: Duration = .seconds(5)

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

  /// A task that was asked to leave exits, and process 1 only after it: a task that loses process 1 first has failed, and
  /// the step with it. One that does not exit, does when process 1 has.
  func kill(_ pid: ProcessID, _ config: WorkerConfig) async throws {
    let cluster = Cluster.current
    guard cluster.hasAskedToLeave(pid), let link = cluster.openLink(to: pid) else { return }
    let timer = cluster.engine.schedule(after: Self.exitTimeout) { link.lose("it did not leave") }
    await cluster.waitUntilGone(pid)
    cluster.engine.cancel(timer)
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

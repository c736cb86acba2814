import Glibc

/// One of the tasks of a step that runs the program itself: `srun ./program`. Rank 0 is process 1, the others are its
/// workers, and no MPI is needed.
struct SlurmTask: Sendable, Hashable {
  /// Marks the environment of a task, so that a program which it starts is not taken for one.
  static let mark = "MUSTER_SLURM_TASK"

  let rank: Int
  let count: Int
  /// Names this step, and this attempt at it, to all its tasks.
  let step: String

  /// Which task a process is; `nil` for one that is alone in its step or was started otherwise: by Muster, by a task, or
  /// by `srun --mpi`, where the processes are MPI's.
  init?(environment: [String: String]) {
    guard let job = environment["SLURM_JOB_ID"], let step = environment["SLURM_STEP_ID"],
      let rank = environment["SLURM_PROCID"].flatMap({ Int($0) }),
      let count = environment["SLURM_STEP_NUM_TASKS"].flatMap({ Int($0) }), count > 1, (0..<count).contains(rank),
      environment[Self.mark] == nil,
      !["PMI_RANK", "PMIX_RANK", "PMI_FD"].contains(where: { environment[$0] != nil })
    else { return nil }
    self.rank = rank
    self.count = count
    self.step = "\(job).\(step).\(environment["SLURM_RESTART_COUNT"] ?? "0")"
  }

  static let ofThisProcess: SlurmTask? = {
    guard !WorkerProcess.isInvited, let task = SlurmTask(environment: currentEnvironment()) else { return nil }
    // Before there are threads that read the environment.
    setenv(mark, task.step, 1)
    return task
  }()

  /// Where rank 0 leaves the invitation: in the working directory, which the tasks share as they share the program.
  var directory: String { ".muster-\(step)" }
}

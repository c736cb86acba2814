import Glibc
import Logging

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
    guard Self.variableOfMPI(environment) == nil else { return nil }
    self.init(ofStep: environment)
  }

  /// As srun tells it, whether or not the processes are MPI's, too.
  private init?(ofStep environment: [String: String]) {
    guard let job = environment["SLURM_JOB_ID"], let step = environment["SLURM_STEP_ID"],
      let rank = environment["SLURM_PROCID"].flatMap({ Int($0) }),
      let count = environment["SLURM_STEP_NUM_TASKS"].flatMap({ Int($0) }), count > 1, (0..<count).contains(rank),
      environment[Self.mark] == nil
    else { return nil }
    self.rank = rank
    self.count = count
    self.step = "\(job).\(step).\(environment["SLURM_RESTART_COUNT"] ?? "0")"
  }

  /// What says that a process is one of MPI's.
  private static func variableOfMPI(_ environment: [String: String]) -> String? {
    ["PMI_RANK", "PMIX_RANK", "PMI_FD"].first { environment[$0] != nil }
  }

  /// Why `srun ./program` runs the whole program once for each task, where nothing in the program is of MPI: the site's srun
  /// makes all tasks processes of MPI (slurm.conf, MpiDefault). Said by one of them.
  static func notice(environment: [String: String], isMPILinked: Bool) -> String? {
    guard let variable = variableOfMPI(environment), !isMPILinked, let task = SlurmTask(ofStep: environment),
      task.rank == 0
    else { return nil }
    return
      "each of the \(task.count) tasks of this step runs the whole program, because srun has made them processes of MPI "
      + "(\(variable) is set): to have one program with \(task.count - 1) workers, use srun --mpi=none"
  }

  static let ofThisProcess: SlurmTask? = {
    guard !WorkerProcess.isInvited else { return nil }
    let environment = currentEnvironment()
    if let notice = notice(environment: environment, isMPILinked: dlsym(nil, "MPI_Init") != nil) {
      Cluster.process.logger(.slurm).notice("\(notice)")
    }
    guard let task = SlurmTask(environment: environment) else { return nil }
    // Before there are threads that read the environment.
    setenv(mark, task.step, 1)
    return task
  }()

  /// Where rank 0 leaves the invitation: in the working directory, which the tasks share as they share the program.
  var directory: String { ".muster-\(step)" }
}

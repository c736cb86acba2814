import ArgumentParser
import Glibc
import Muster
import MusterMPI

/// Where workers are to be.
enum WorkerChoice: Equatable, Sendable {
  /// On this machine; one for each core if no number is given.
  case local(WorkerCount?)
  case ssh([String])
  case hostfile(path: String, format: Hostfile.Format?)
  /// Ranks that run this program, too.
  case mpiRanks
  /// In the job that this is run in.
  case slurm, pbs, lsf
  /// Started for this.
  case slurmJob(tasks: Int)
  case pbsJob(workers: Int)
  case mpirun(ranks: Int)

  /// - Parameter text: a path, behind a grammar's name and a colon if the file does not show which one it has.
  static func hostfile(_ text: String) -> WorkerChoice {
    let parts = text.split(separator: ":", maxSplits: 1)
    if parts.count == 2, let format = Hostfile.Format(rawValue: String(parts[0])) {
      return .hostfile(path: String(parts[1]), format: format)
    }
    return .hostfile(path: text, format: nil)
  }

  /// The environment of this process.
  static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// What a job's environment says; this machine outside of any, and in a command of a map: the job is the map's.
  static func ofAllocation(_ environment: (String) -> String?) -> WorkerChoice {
    if environment(CommandEnvironment.guards) != nil { return .local(nil) }
    #if MPI
      let variables = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"]
      if variables.contains(where: { environment($0) != nil }) { return .mpiRanks }
    #endif
    if environment("SLURM_JOB_ID") != nil { return .slurm }
    if environment("PBS_JOBID") != nil { return .pbs }
    if let path = environment("LSB_DJOB_HOSTFILE") { return .hostfile(path: path, format: .lsf) }
    if environment("LSB_JOBID") != nil { return .lsf }
    return .local(nil)
  }

  /// How many processes a launcher has started with this one, as far as its variables tell.
  static func launchedTogether(_ environment: (String) -> String?) -> Int {
    let isOfMPI = ["PMI_RANK", "PMIX_RANK", "PMI_FD"].contains { environment($0) != nil }
    let names = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"] + (isOfMPI ? ["SLURM_STEP_NUM_TASKS"] : [])
    return names.compactMap { environment($0).flatMap { Int($0) } }.max() ?? 1
  }

  /// What starts the workers.
  ///
  /// - Throws: `ClusterError` for a job or a hostfile that is not understood, `ValidationError` without MPI.
  func manager(_ ssh: SSHOptions) throws -> any ClusterManager {
    switch self {
    case .local(let count): return count.map { LocalManager($0) } ?? LocalManager()
    case .ssh(let hosts):
      return SSHManager(
        try hosts.flatMap { try Hostfile(parsing: $0, file: "--ssh", format: .julia).machines }, options: ssh)
    case .hostfile(let path, let format): return try HostfileManager(path, format: format, options: ssh)
    // Their manager is made where they meet.
    case .mpiRanks: return LocalManager()
    case .slurm: return try SlurmManager()
    case .pbs: return PBSManager()
    case .lsf: return SSHManager(try Allocation.current()?.machines ?? [], options: ssh)
    case .slurmJob(let tasks): return try SlurmManager(ntasks: tasks)
    case .pbsJob(let workers): return PBSManager(np: workers)
    case .mpirun(let ranks):
      #if MPI
        return MPIWorkerManager(ranks)
      #else
        throw ValidationError("this muster was built without MPI (swift build --traits MPI)")
      #endif
    }
  }
}

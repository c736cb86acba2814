/// The environment of srun.
///
/// srun reads options from it (srun(1), input environment variables), and in a job or a step there are those of the outer
/// step: with them a new one would be bound, cut down or refused. What names the job and the controller stays.
enum SlurmEnvironment {
  private static let kept: Set<String> = [
    "SLURM_CONF", "SLURM_CLUSTERS", "SLURM_CLUSTER_NAME", "SLURM_WORKING_CLUSTER", "SLURM_JWT",
    "SLURM_ACCOUNT", "SLURM_PARTITION", "SLURM_QOS", "SLURM_RESERVATION", "SLURM_MPI_TYPE", "SLURM_DEBUG",
    "SLURM_SUBMIT_DIR", "SLURM_SUBMIT_HOST", "SLURM_NODE_ALIASES", "SLURM_TOPOLOGY_ADDR", "SLURM_HET_SIZE",
    "SLURM_NNODES", "SLURM_NODELIST", "SLURM_TIME_FORMAT", "SLURM_ACCTG_FREQ",
  ]

  /// By what name Slurm's commands find the job of a process, and no other. The last element of a job array has the number
  /// of the whole array (job_array.html), by which they would tell of all its elements.
  static func ownJob(_ environment: [String: String]) -> String? {
    if let array = environment["SLURM_ARRAY_JOB_ID"], let element = environment["SLURM_ARRAY_TASK_ID"] {
      return "\(array)_\(element)"
    }
    return environment["SLURM_JOB_ID"].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// - Parameter environment: that of this process.
  static func cleaned(_ environment: [String: String]) -> [String: String] {
    environment.filter { name, _ in
      if name.hasPrefix("SLURM_") { return isKept(name) }
      // What sbatch itself would read; and what mpirun and PMI say of the outer step's processes.
      return !["SRUN_", "SALLOC_", "SBATCH_", "PMI_", "PMIX_", "PMI2_"].contains { name.hasPrefix($0) }
    }
  }

  /// Identity of the job and its components, not the shape or binding of a step.
  private static func isKept(_ name: String) -> Bool {
    if kept.contains(name) { return true }
    // What plugins of a site have set for their own use (spank(7)).
    if name.hasPrefix("SLURM_SPANK_") { return true }
    let isOfJob = name.hasPrefix("SLURM_JOB_") || name.hasPrefix("SLURM_JOBID") || name.hasPrefix("SLURM_ARRAY_")
    return isOfJob && name != "SLURM_JOB_NUM_NODES"
  }
}

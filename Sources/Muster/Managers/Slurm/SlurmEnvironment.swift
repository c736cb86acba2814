/// The environment of srun.
///
/// srun reads options from it (srun(1), input environment variables), and in a job or a step there are those of the outer
/// step: with them a new one would be bound, cut down or refused. What names the job and the controller stays.
enum SlurmEnvironment {
  private static let kept: Set<String> = [
    "SLURM_CONF", "SLURM_CLUSTERS", "SLURM_CLUSTER_NAME", "SLURM_WORKING_CLUSTER", "SLURM_JWT", "SLURM_SPANK_",
    "SLURM_ACCOUNT", "SLURM_PARTITION", "SLURM_QOS", "SLURM_RESERVATION", "SLURM_MPI_TYPE", "SLURM_DEBUG",
    "SLURM_SUBMIT_DIR", "SLURM_SUBMIT_HOST", "SLURM_NODE_ALIASES", "SLURM_TOPOLOGY_ADDR", "SLURM_HET_SIZE",
    "SLURM_NNODES", "SLURM_NODELIST", "SLURM_TIME_FORMAT", "SLURM_ACCTG_FREQ",
  ]

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
    let isOfJob = name.hasPrefix("SLURM_JOB_") || name.hasPrefix("SLURM_JOBID") || name.hasPrefix("SLURM_ARRAY_")
    return isOfJob && name != "SLURM_JOB_NUM_NODES"
  }
}

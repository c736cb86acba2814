/// Which of the processes of an MPI job or a Slurm step a process is, or was started by, as the launcher tells it.
enum ProcessRank {
  /// Open MPI, PMIx, MPICH and its kin: the first that is there.
  private static let variablesOfMPI = ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"]

  /// `nil` for a process without one. MPI's come first: that is the rank which a program of MPI knows.
  static func of(_ environment: (String) -> String?) -> Int? {
    // The script of a batch job has a SLURM_PROCID, too, though it is no task of a step (sbatch(1), srun(1)).
    let variables = variablesOfMPI + (environment("SLURM_STEP_ID") == nil ? [] : ["SLURM_PROCID"])
    return variables.compactMap { environment($0).flatMap { Int($0) } }.first
  }

  static let ofThisProcess = of(environmentVariable)
}

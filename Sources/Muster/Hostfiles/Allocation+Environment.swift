extension Allocation {
  /// What the environment says that this process is in; `nil` outside of any job.
  ///
  /// - Parameters:
  ///   - environment: of this process.
  ///   - hostfile: reads one that the environment names.
  /// - Throws: `ClusterError` `.invalidArgument` for what a scheduler should not have written.
  init?(
    _ environment: [String: String], hostfile: (String, Hostfile.Format) throws(ClusterError) -> Hostfile = Self.read
  ) throws(ClusterError) {
    if let id = environment["SLURM_JOB_ID"], let nodes = environment["SLURM_JOB_NODELIST"] {
      let counts = environment["SLURM_TASKS_PER_NODE"] ?? environment["SLURM_JOB_CPUS_PER_NODE"]
      (scheduler, self.id) = (.slurm, id)
      let text = nodes + (counts.map { " \($0)" } ?? "")
      machines = try Hostfile(parsing: text, file: "SLURM_JOB_NODELIST", format: .slurm).machines
    } else if let id = environment["PBS_JOBID"], let file = environment["PBS_NODEFILE"] {
      (scheduler, self.id) = (.pbs, id)
      machines = try hostfile(file, .pbs).machines
    } else if let id = environment["LSB_JOBID"] {
      (scheduler, self.id) = (.lsf, id)
      if let file = environment["LSB_DJOB_HOSTFILE"] {
        machines = try hostfile(file, .lsf).machines
      } else if let (name, hosts) = ["LSB_MCPU_HOSTS", "LSB_HOSTS"].lazy
        .compactMap({ name in environment[name].map { (name, $0) } }).first
      {
        machines = try Hostfile(parsing: hosts, file: name, format: .lsf).machines
      } else {
        return nil
      }
    } else {
      return nil
    }
  }

  private static func read(_ path: String, _ format: Hostfile.Format) throws(ClusterError) -> Hostfile {
    try Hostfile(contentsOf: path, format: format)
  }
}

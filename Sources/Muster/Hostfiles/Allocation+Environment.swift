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
    if environment["SLURM_JOB_ID"] != nil {
      let allocation = try SlurmAllocation(environment: environment)
      (scheduler, self.id) = (.slurm, allocation.job)
      machines = Self.machines(allocation.nodes)
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

  /// A node of several components of a job is one machine.
  private static func machines(_ nodes: [SlurmAllocation.Node]) -> [MachineSpec] {
    var machines: [MachineSpec] = []
    for node in nodes {
      if let index = machines.firstIndex(where: { $0.host == node.name }) {
        machines[index].count = .exactly((machines[index].count.exactValue ?? 0) + node.tasks)
      } else {
        var machine = MachineSpec(host: node.name)
        machine.count = .exactly(node.tasks)
        machines.append(machine)
      }
    }
    return machines
  }

  private static func read(_ path: String, _ format: Hostfile.Format) throws(ClusterError) -> Hostfile {
    try Hostfile(contentsOf: path, format: format)
  }
}

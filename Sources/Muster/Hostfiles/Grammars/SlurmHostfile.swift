/// A node list, and perhaps how many tasks each node has: `n[001-003],m1 2(x3),1`
///
/// Without counts each naming of a host is one worker, which is what SLURM_HOSTFILE means.
/// Source: SLURM_JOB_NODELIST and SLURM_TASKS_PER_NODE in sbatch(1), SLURM_HOSTFILE in srun(1).
enum SlurmHostfile {
  static func machines(in line: HostfileLine) throws(HostfileError) -> [MachineSpec] {
    try line.requireWords(atMost: 2)
    try line.requireNoSettings()
    let hosts = try NodeList(line.words[0]).hosts
    guard line.words.count == 2 else { return hosts.map { MachineSpec(host: $0) } }
    let counts = try TaskCounts(line.words[1]).counts
    guard counts.count == hosts.count else {
      throw line.words[1].error("a count for each of the \(hosts.count) hosts", found: "\(counts.count) counts")
    }
    return zip(hosts, counts).map { MachineSpec(host: $0, count: .exactly($1)) }
  }
}

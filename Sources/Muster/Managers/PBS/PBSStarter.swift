/// What starts processes on the other nodes of a job.
public enum PBSStarter: String, Sendable, Hashable, CaseIterable {
  /// OpenPBS's remote shell: under PBS's control, with the job's limits and accounting.
  case pbsTmrsh = "pbs_tmrsh"
  /// The same in all PBSs.
  case pbsdsh
  /// Open MPI's, which may have PBS's support built in.
  case mpirun
  /// Knows nothing of PBS: what it starts survives the end of the job, were it not that workers watch process 1.
  case ssh

  /// A host of the job.
  struct Target: Sendable, Hashable {
    let host: String
    /// Its place among the hosts.
    let index: Int
    /// The first of its lines in the node file, from 0: pbsdsh(1B) counts the places of a job so, and pbs_tmrsh looks a
    /// host up there to the same end.
    let line: Int
  }

  /// The command lines, one for each host or one for all.
  ///
  /// - Parameters:
  ///   - hostfile: one with a slot for each of the hosts, for mpirun: without `slots=` a host has as many as cores.
  func commands(for targets: [Target], scripts: PBSScripts, hostfile: String) -> [[String]] {
    let agent = "\(scripts.directory)/\(PBSScripts.agent)"
    switch self {
    case .pbsTmrsh: return targets.map { ["pbs_tmrsh", $0.host, "/bin/sh", agent, "\($0.index)"] }
    case .pbsdsh: return targets.map { ["pbsdsh", "-n", "\($0.line)", "--", "/bin/sh", agent, "\($0.index)"] }
    case .mpirun:
      return [
        ["mpirun", "--hostfile", hostfile, "--map-by", "ppr:1:node", "--bind-to", "none", "-np", "\(targets.count)"]
          + ["/bin/sh", agent, "rank"]
      ]
    case .ssh:
      return targets.map { target in
        ["ssh", "-o", "BatchMode=yes", target.host, "/bin/sh \(scripts.file(PBSScripts.agent)) \(target.index)"]
      }
    }
  }

  /// The hosts of a node file, in the order in which they are first named.
  static func targets(_ lines: [String]) -> [Target] {
    var targets: [Target] = []
    for (line, host) in lines.enumerated() where !targets.contains(where: { $0.host == host }) {
      targets.append(Target(host: host, index: targets.count, line: line))
    }
    return targets
  }
}

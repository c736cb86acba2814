import Glibc

/// The PBS job that this process runs in.
struct PBSAllocation: Sendable, Hashable {
  /// A host for each worker, as they stand in $PBS_NODEFILE.
  let lines: [String]

  var workers: Int { lines.count }
  var targets: [PBSStarter.Target] { PBSStarter.targets(lines) }

  /// How many workers a host gets.
  func count(of target: PBSStarter.Target) -> Int { lines.count { $0 == target.host } }

  /// - Throws: `ClusterError` `.invalidArgument` outside of any job, and for a node file that is none.
  init(_ environment: [String: String]) throws(ClusterError) {
    guard environment["PBS_JOBID"] != nil, let file = environment["PBS_NODEFILE"] else {
      throw ClusterError(
        .invalidArgument,
        "PBSManager: this is no PBS job (\(environment["PBS_JOBID"] == nil ? "PBS_JOBID" : "PBS_NODEFILE") is not set): "
          + "say how many workers to ask for, PBSManager(np: 4)")
    }
    lines = try Hostfile(contentsOf: file, format: .pbs).entries.map(\.host)
  }

  /// Where workers start: where this process is; but a job begins in the home directory, where no user is, and what the
  /// user means is where the job was submitted.
  static func workingDirectory(_ environment: [String: String]) -> String {
    let here = currentDirectory() ?? "/"
    guard here == environment["HOME"], let submitted = environment["PBS_O_WORKDIR"], access(submitted, X_OK) == 0 else {
      return here
    }
    return submitted
  }
}

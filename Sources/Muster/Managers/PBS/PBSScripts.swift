/// The shell scripts that start agents on the nodes of a job.
///
/// They lie in a directory of mode 0700 with the invitation, which the agent reads as its standard input: what PBS starts
/// has none, and sees nothing of what the user's script has exported.
struct PBSScripts: Sendable {
  /// Where they lie.
  let directory: String
  let executable: String
  /// What the workers are to see.
  let environment: [String: String]
  let workingDirectory: String
  /// In octal digits.
  let umask: String

  static let agent = "agent"
  static let invitation = "invitation"
  /// What agents say before they reach process 1.
  static let log = "log"
  /// A line for each element of an array that has ended.
  static let ended = "ended"

  /// Starts the agent of one node: `agent NODE [WORKERS NODES]`, where NODE may be `rank` under mpirun.
  var agent: String {
    let names = environment.keys.filter(Self.isExported).sorted()
    let exports = names.map { "export \($0)=\(Self.quoted(environment[$0]!))" }
    return """
      #!/bin/sh
      # Written by Muster for one job, and removed when its workers have joined.
      node=$1
      if [ "$node" = rank ]; then node=${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-0}}; fi
      umask \(umask)
      \(exports.joined(separator: "\n"))
      export PBS_MUSTER_NODE="$node" PBS_MUSTER_WORKERS="${2:-1}" PBS_MUSTER_NODES="${3:-1}"
      cd \(Self.quoted(workingDirectory)) || exit 1
      exec \(Self.quoted(executable)) --worker <\(file(Self.invitation))

      """
  }

  /// The job's own script.
  func job(_ request: PBSRequest) -> String {
    let head = """
      #!/bin/sh
      exec >>\(file(Self.log)) 2>&1 </dev/null

      """
    switch request.options.shape {
    case .array:
      return head + """
        element="${PBS_ARRAY_INDEX:-${PBS_ARRAYID:-${SLURM_ARRAY_TASK_ID:-1}}}"
        /bin/sh \(file(Self.agent)) "$element" 1 \(request.workers)
        echo "$element: exit status $?" >>\(file(Self.ended))

        """
    case .chunks:
      // For each host its number, its first line in the node file, how many lines it has, and how many hosts there are.
      return head + """
        on_node() {
          if command -v pbs_tmrsh; then pbs_tmrsh "$host" /bin/sh \(file(Self.agent)) "$@"
          else pbsdsh -n "$line" -- /bin/sh \(file(Self.agent)) "$@"; fi
        }
        awk '!n[$0]++ { host[hosts++] = $0; line[$0] = NR - 1 }
             END { for (i = 0; i < hosts; i++) print i, line[host[i]], n[host[i]], hosts, host[i] }' "$PBS_NODEFILE" | {
          while read -r node line workers nodes host; do on_node "$node" "$workers" "$nodes" </dev/null & done
          wait
        }

        """
    }
  }

  func file(_ name: String) -> String { Self.quoted("\(directory)/\(name)") }

  /// For a shell.
  private static func quoted(_ text: String) -> String { SSHOptions.Shell.posix.quoted(text) }

  /// What belongs to one process, one host or one job is not for another.
  private static func isExported(_ name: String) -> Bool {
    if name == "SLURM_CONF" { return true }
    let own = ["PBS_", "SLURM_", "SLURMD_", "OMPI_", "PMIX_", "PMI_", "HYDI_"]
    let single = ["TMPDIR", "HOSTNAME", "PWD", "OLDPWD", "SHLVL", "_"]
    // An assignment to one of these ends a script of bash, where that is sh (bash(1): Shell Variables).
    let readOnly = ["UID", "EUID", "PPID", "SHELLOPTS", "BASHOPTS"]
    guard let first = name.utf8.first, !first.isASCIIDigit else { return false }
    return name.utf8.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit || $0 == UInt8(ascii: "_") }
      && !own.contains { name.hasPrefix($0) } && !(single + readOnly).contains(name)
  }
}

/// The parts of Muster that `MUSTER_LOG` can set apart, as in `MUSTER_LOG=slurm=trace,info`.
package enum LogComponent: String, CaseIterable, Codable, Sendable {
  /// Who is in the cluster, and the connections between them.
  case cluster
  case engine, hosts, local, monitoring, mpi, pbs, placement, pools, slurm, ssh

  var label: String { self == .cluster ? "muster" : "muster.\(rawValue)" }
}

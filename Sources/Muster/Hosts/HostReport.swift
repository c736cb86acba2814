import Glibc

/// What an agent says of its host when it arrives.
package struct HostReport: Codable, Sendable {
  /// The name that the host gives itself.
  package let host: String
  let node: NodeIdentity
  /// The agent's own process id there.
  package let osPID: Int32
  /// What there is, and what of it the agent, and so its workers, may use.
  package let topology: HardwareTopology
  /// The processor time granted, in CPUs; `nil`: no limit.
  package let cpuQuota: Double?
  /// Files and connections that a process there may have open.
  let descriptorLimit: Int
  /// Where the agent has reached process 1.
  let process1: TransportAddress?
  /// Where the workers of this host make their Unix sockets.
  let socketDirectory: String
  /// What batch systems tell each process they start of its place: variables of the agent's environment. No others, because
  /// there are secrets among them (`SLURM_JWT`), and this goes over the network.
  package let variables: [String: String]

  private static let told: Set<String> = [
    "SLURM_PROCID", "SLURMD_NODENAME", "SLURM_JOB_ID", "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID",
    "PBS_MUSTER_NODE", "PBS_MUSTER_WORKERS", "PBS_MUSTER_NODES",
  ]

  static func variables(of environment: [String: String]) -> [String: String] {
    environment.filter { name, _ in told.contains(name) }
  }

  static func current(process1: TransportAddress?) throws -> HostReport {
    HostReport(
      host: hostName(), node: .current, osPID: getpid(), topology: try .thisMachine(),
      cpuQuota: ControlGroup.cpuQuota(), descriptorLimit: DescriptorLimit.current(),
      process1: process1, socketDirectory: try Cluster.current.socketDirectory().path,
      variables: variables(of: currentEnvironment()))
  }
}

import Logging

/// Starts workers on the machines that a hostfile names.
///
/// Inside an allocation of a batch scheduler the file is a filter: a host that is not of the job is an error, and counts
/// are capped to what the job has there, which is said in the log.
public final class HostfileManager: ClusterManager, CustomStringConvertible {
  private let path: String
  /// Starts them.
  private let base: any ClusterManager

  /// - Parameters:
  ///   - path: of the file.
  ///   - environment: of this process; it says which job this is.
  ///   - manager: makes the manager of the machines.
  init(
    _ path: String, format: Hostfile.Format?, environment: [String: String],
    manager: ([MachineSpec]) -> any ClusterManager
  ) throws(ClusterError) {
    self.path = path
    var machines = try Hostfile(contentsOf: path, format: format).machines
    if let allocation = try Allocation(environment) {
      let (granted, notes) = try allocation.filter(machines)
      for note in notes { Cluster.current.logger.warning("\(path): \(note)") }
      machines = granted
    }
    base = manager(machines)
  }

  public var description: String { "HostfileManager(\(path))" }

  public var defaultOptions: AddprocsOptions { base.defaultOptions }

  public func workerCount() throws -> Int { try base.workerCount() }

  public func workerCount(_ options: AddprocsOptions) async throws -> Int { try await base.workerCount(options) }

  public func needsNetwork(_ options: AddprocsOptions) -> Bool { base.needsNetwork(options) }

  public func launch(_ request: LaunchRequest) async throws { try await base.launch(request) }

  public func manage(_ pid: ProcessID, _ config: WorkerConfig, _ event: ManagerEvent) async {
    await base.manage(pid, config, event)
  }

  public func kill(_ pid: ProcessID, _ config: WorkerConfig) async throws { try await base.kill(pid, config) }

  public func lossReason(_ pid: ProcessID, _ config: WorkerConfig) async -> String? {
    await base.lossReason(pid, config)
  }

  public func connect(_ pid: ProcessID, _ config: WorkerConfig) async throws -> (any Connection)? {
    try await base.connect(pid, config)
  }
}

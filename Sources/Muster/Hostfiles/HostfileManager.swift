import Logging

/// Starts workers on the machines that a hostfile names.
///
/// Inside an allocation of a batch scheduler the file is a filter: a host that is not of the job is an error, and counts
/// are capped to what the job has there, which is said in the log.
public final class HostfileManager: ClusterManager, CustomStringConvertible {
  let path: String
  /// Those of the file, as far as the job has them.
  public let machines: [MachineSpec]
  /// What the job has cut off.
  let notes: [String]
  /// Starts them.
  let base: any ClusterManager

  /// - Parameters:
  ///   - path: of the file.
  ///   - format: whose grammar it has; found out if `nil`.
  ///   - options: how the workers are started.
  /// - Throws: `ClusterError` `.invalidArgument` as `Hostfile`, and for hosts that are not of the job.
  public convenience init(
    _ path: String, format: Hostfile.Format? = nil, options: SSHOptions = .init()
  ) throws(ClusterError) {
    try self.init(path, format: format, environment: currentEnvironment()) { SSHManager($0, options: options) }
  }

  /// - Parameters:
  ///   - environment: of this process; it says which job this is.
  ///   - manager: makes the manager of the machines.
  init(
    _ path: String, format: Hostfile.Format?, environment: [String: String],
    manager: ([MachineSpec]) -> any ClusterManager
  ) throws(ClusterError) {
    self.path = path
    var machines = try Hostfile(contentsOf: path, format: format).machines
    var notes: [String] = []
    if let allocation = try Allocation(environment) {
      (machines, notes) = try allocation.filter(machines)
      for note in notes { Cluster.current.logger(.hosts).warning("\(path): \(note)") }
    }
    self.notes = notes
    self.machines = machines
    base = manager(machines)
  }

  public var description: String { "HostfileManager(\(path))" }

  public var defaultOptions: AddprocsOptions { base.defaultOptions }

  public func workerCount() throws -> Int { try base.workerCount() }

  public func workerCount(_ options: AddprocsOptions) async throws -> Int { try await base.workerCount(options) }

  public func needsNetwork(_ options: AddprocsOptions) -> Bool { base.needsNetwork(options) }

  public func cancelLaunch() async { await base.cancelLaunch() }

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

/// Starts workers on the machines that a hostfile names, over ssh.
///
/// - Parameters:
///   - hostfile: its path; see `Hostfile` for what may be in it.
///   - format: whose grammar it has; found out if `nil`.
///   - options: how the workers are started.
/// - Returns: their numbers, in the order of the file.
/// - Throws: `ClusterError` `.invalidArgument` with file, line and column, or for a host that is not of the job that this
///   process runs in; as `addprocs(_:options:)` with machines.
@discardableResult
public func addprocs(
  hostfile: String, format: Hostfile.Format? = nil, options: SSHOptions = .init()
) async throws -> [ProcessID] {
  try await addprocs(try HostfileManager(hostfile, format: format, options: options), options: options.base)
}

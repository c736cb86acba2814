/// The manager of a worker process: it starts nothing, and connects to other processes by sockets.
public struct DefaultClusterManager: ClusterManager, CustomStringConvertible {
  public init() {}

  public var description: String { "DefaultClusterManager()" }

  public func workerCount() throws -> Int { throw Self.startsNothing }

  public func launch(_ request: LaunchRequest) async throws { throw Self.startsNothing }

  public func kill(_ pid: ProcessID, _ config: WorkerConfig) async throws {}

  private static var startsNothing: ClusterError {
    ClusterError(
      .invalidArgument,
      "addprocs: DefaultClusterManager starts no workers: it connects those that there are (use LocalManager)")
  }
}

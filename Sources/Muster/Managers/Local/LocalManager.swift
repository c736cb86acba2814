import Glibc
import Synchronization

/// Starts workers on this machine, as children of process 1.
public final class LocalManager: ClusterManager, CustomStringConvertible {
  private let count: WorkerCount
  private let exitTimeout: Duration
  private let children = Mutex<[ProcessID: ChildProcess]>([:])

  /// - Parameters:
  ///   - count: how many workers.
  ///   - exitTimeout: how long a worker that was asked to leave may take before it is sent SIGQUIT, and then, after as
  ///     long again, SIGKILL.
  public init(_ count: WorkerCount = .auto, exitTimeout: Duration = .seconds(5)) {
    self.count = count
    self.exitTimeout = exitTimeout
  }

  public var description: String { "LocalManager(\(count))" }

  public func workerCount() throws -> Int { try workerCount(on: defaultOptions) }

  public func workerCount(_ options: AddprocsOptions) async throws -> Int { try workerCount(on: options) }

  private func workerCount(on options: AddprocsOptions) throws -> Int {
    try count.resolve(on: HardwareTopology.thisMachine, quota: ControlGroup.cpuQuota(), options)
  }

  public func launch(_ request: LaunchRequest) async throws {
    let cluster = Cluster.current
    try request.place(on: [
      PlacementPlan.Node(
        name: hostName(), topology: .thisMachine(), reservedCores: request.options.reservedCores)
    ])
    for worker in request.workers {
      do {
        try launch(worker, request, cluster)
      } catch {
        request.failed(worker, reason: "\(error)")
      }
    }
  }

  private func launch(_ worker: LaunchedWorker, _ request: LaunchRequest, _ cluster: Cluster) throws {
    let options = request.options
    var config = WorkerConfig()
    config.host = hostName()
    config.exename = try options.exename ?? Self.ownExecutable()
    config.exeflags = options.exeflags
    config.environ = options.env
    config.enableThreadedBLAS = options.enableThreadedBLAS
    let output = OutputForwarder(pid: worker.pid, engine: cluster.engine, cluster: cluster)
    let child = try ChildProcess.spawn(
      ChildProcess.Command(
        executable: config.exename!, arguments: [Invitation.flag] + options.exeflags,
        environment: currentEnvironment().merging(request.environment(for: worker)) { $1 },
        directory: options.dir, input: request.invitation(for: worker, parent: getpid())),
      engine: cluster.engine, output: output)
    config.ospid = child.pid
    children.withLock { $0[worker.pid] = child }
    request.started(worker, config)
    cluster.task {
      let status = await child.waitForExit()
      request.failed(worker, reason: "\(status) before it joined", output: output.lastLines)
    }
  }

  static func ownExecutable() throws(ClusterError) -> String {
    guard let path = readLink("/proc/self/exe") else {
      throw ClusterError(
        .launchFailed, "cannot find out the path of this executable (/proc/self/exe): give options.exename")
    }
    guard !path.hasSuffix(" (deleted)") else {
      // It was rebuilt meanwhile; the kernel still has the one that runs.
      return "/proc/\(getpid())/exe"
    }
    return path
  }

  public func lossReason(_ pid: ProcessID, _ config: WorkerConfig) async -> String? {
    guard let child = children.withLock({ $0[pid] }) else { return nil }
    return await child.waitForExit(atMost: .milliseconds(250)).map { "\($0)" }
  }

  public func kill(_ pid: ProcessID, _ config: WorkerConfig) async throws {
    guard let child = children.withLock({ $0[pid] }) else { return }
    defer { children.withLock { $0[pid] = nil } }
    await child.end(pid, patience: Cluster.current.hasAskedToLeave(pid) ? exitTimeout : .zero)
  }
}

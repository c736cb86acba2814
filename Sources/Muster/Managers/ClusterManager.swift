/// Starts and ends worker processes: by fork, ssh, a batch scheduler, MPI, or your own way.
///
/// A manager says how processes start and end; how messages move is the business of a `Connection`. One that brings a
/// transport of its own overrides `connect` (<doc:WritingATransport>). Inside an implementation, Glibc's `kill` and `connect`
/// need their module's name.
public protocol ClusterManager: Sendable {
  /// The options of `addprocs` when none are given.
  var defaultOptions: AddprocsOptions { get }

  /// How many workers `launch` will start.
  ///
  /// - Throws: `ClusterError` `.invalidArgument` when that cannot be.
  func workerCount() throws -> Int

  /// How many workers `launch` will start with these options, for a manager that looks at machines to find out
  /// (`.auto`). The default asks `workerCount()`.
  ///
  /// - Throws: `ClusterError` `.invalidArgument` when that cannot be.
  func workerCount(_ options: AddprocsOptions) async throws -> Int

  /// Whether the workers have to be reached from other hosts, whatever `options.restrict` says. The default is no.
  func needsNetwork(_ options: AddprocsOptions) -> Bool

  /// Says what `launch` would start, and starts nothing: for `planLaunch`, which fills in what is the same for all managers.
  /// The default says that the manager does not tell.
  ///
  /// - Throws: what `launch` would find wrong before it starts anything.
  func launchPlan(_ options: AddprocsOptions) async throws -> LaunchPlan

  /// Starts the workers of `request`, and reports each as it starts or fails to; need not wait for them to join.
  ///
  /// - Throws: what prevents all of them.
  func launch(_ request: LaunchRequest) async throws

  /// What `workerCount(_:)` has prepared is not needed: the options turned out to be wrong, say. The default does
  /// nothing.
  func cancelLaunch() async

  /// Hears what becomes of a worker.
  func manage(_ pid: ProcessID, _ config: WorkerConfig, _ event: ManagerEvent) async

  /// Ends a worker that has been asked to leave, with more and more force, and returns when it is gone.
  func kill(_ pid: ProcessID, _ config: WorkerConfig) async throws

  /// Why a worker was lost, if the manager can find out in a moment: a signal, an exit status, a scheduler's word.
  func lossReason(_ pid: ProcessID, _ config: WorkerConfig) async -> String?

  /// Opens a connection to a worker, in process 1 when the worker has started, and in another worker when that first
  /// calls it.
  ///
  /// The default opens a socket to `config.connectAt`. Both ends have to prove the cluster cookie over the connection
  /// before anything else is said; a transport need do nothing for that. At the other end somebody calls
  /// `processMessages` with it.
  ///
  /// - Parameters:
  ///   - pid: the worker's number.
  ///   - config: in process 1, what `launch` reported; in a worker no more of it than `host`, `connectAt`, `ospid`,
  ///     `ident` and `connectIdents`.
  /// - Returns: `nil` if the worker is to be waited for: it dials process 1 (`LaunchRequest.invitation`) and tells at
  ///   which sockets other workers reach it.
  func connect(_ pid: ProcessID, _ config: WorkerConfig) async throws -> (any Connection)?
}

extension ClusterManager {
  public var defaultOptions: AddprocsOptions { AddprocsOptions() }
  public func workerCount(_ options: AddprocsOptions) async throws -> Int { try workerCount() }
  public func needsNetwork(_ options: AddprocsOptions) -> Bool { false }
  public func cancelLaunch() async {}
  public func launchPlan(_ options: AddprocsOptions) async throws -> LaunchPlan {
    var plan = LaunchPlan()
    plan.binder = "\(self)"
    plan.notes = ["\(self) does not say how it starts workers (ClusterManager.launchPlan)"]
    return plan
  }
  public func manage(_ pid: ProcessID, _ config: WorkerConfig, _ event: ManagerEvent) async {}
  public func lossReason(_ pid: ProcessID, _ config: WorkerConfig) async -> String? { nil }
  public func connect(_ pid: ProcessID, _ config: WorkerConfig) async throws -> (any Connection)? {
    try config.connectAt.map { try Sockets.connect(to: $0) }
  }
}

/// What a manager hears of a worker.
public enum ManagerEvent: Sendable, Hashable {
  /// It has joined.
  case register
  /// It has been removed or lost; it is not listed any more.
  case deregister
  /// Its calls are to be cancelled.
  case interrupt
  /// All have been told that it is gone: nothing refers to it any more.
  case finalize
}

/// What is known of one worker from its launch.
public struct WorkerConfig: Sendable {
  /// The name of its host.
  public var host: String?
  /// Where it listens, if that was asked for.
  public var port: UInt16?
  /// How many workers one entry of a machine list stands for.
  public var count: Int?
  /// Its executable.
  public var exename: String?
  /// The arguments of its executable.
  public var exeflags: [String] = []
  /// A manager's own data.
  public var userdata: (any Sendable)?
  /// The address at which it listens, if that was asked for.
  public var bindAddress: String?
  /// Of ssh, as in `SSHOptions`; `nil` for workers that were started in another way.
  public var tunnel: Bool?
  public var multiplex: Bool?
  public var sshflags: [String] = []
  public var maxParallel: Int?
  /// Where `ClusterManager.connect` finds it; other workers are told.
  public var connectAt: TransportAddress?
  /// The worker's process id on its host.
  public var ospid: Int32?
  /// Variables in addition to those of process 1.
  public var environ: [String: String] = [:]
  /// For `Topology.custom`: what others call this worker, and what it calls those that it connects to. They need not be
  /// there yet.
  public var ident: Int?
  public var connectIdents: [Int]?
  /// As in `AddprocsOptions`.
  public var enableThreadedBLAS: Bool?
  /// What it was bound to; filled in from its placement when it is reported as started.
  public var cpuset: CPUSet?

  public init() {}
}

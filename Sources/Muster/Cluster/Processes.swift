import Synchronization

/// Starts workers on this machine: Julia's `addprocs(n)`.
///
/// - Parameters:
///   - count: how many; by default one for every core that this process may use.
///   - options: how.
/// - Returns: their numbers.
/// - Throws: `ClusterError` `.launchFailed` with the reason for each worker that did not join, unless
///   `options.atLeast` of them did; `.invalidArgument`; `.notProcess1`.
@discardableResult
public func addprocs(_ count: WorkerCount = .auto, options: AddprocsOptions = .init()) async throws -> [ProcessID] {
  try await addprocs(LocalManager(count), options: options)
}

/// Starts workers on this machine.
@discardableResult
public func addprocs(_ count: Int, options: AddprocsOptions = .init()) async throws -> [ProcessID] {
  try await addprocs(.exactly(count), options: options)
}

/// Starts the workers of a manager.
@discardableResult
public func addprocs(_ manager: some ClusterManager, options: AddprocsOptions? = nil) async throws -> [ProcessID] {
  let cluster = Cluster.current
  // On the Engine, whose threads never end: a child is killed when the thread that forked it ends (PR_SET_PDEATHSIG).
  return try await cluster.run { try await cluster.addprocs(manager, options: options) }
}

/// Removes workers: asks them to end, and ends those that do not. What was running there fails with
/// `ProcessExitedError`.
///
/// - Parameters:
///   - pids: which.
///   - waitfor: how long to wait; as long as it takes if `nil`.
/// - Throws: `ClusterError` `.timeout` when they had not ended by then (they are still being ended); `.noSuchProcess`;
///   `.notProcess1`.
public func rmprocs(_ pids: [ProcessID], waitfor: Duration? = nil) async throws {
  try await Cluster.current.rmprocs(pids, waitfor: waitfor)
}

/// Removes workers.
public func rmprocs(_ pids: ProcessID..., waitfor: Duration? = nil) async throws {
  try await Cluster.current.rmprocs(pids, waitfor: waitfor)
}

/// Begins to remove workers, without waiting: Julia's `waitfor = 0`.
public func startRmprocs(_ pids: [ProcessID]) -> Task<Void, any Error> {
  let cluster = Cluster.current
  return Task(executorPreference: cluster.engine) { try await cluster.rmprocs(pids, waitfor: nil) }
}

/// Cancels the calls that run on workers; their callers get an error that says so.
///
/// A function that ignores cancellation goes on; asked a second time within a second, the worker ends.
///
/// - Parameter pids: which workers; all if none is named.
public func interrupt(_ pids: ProcessID...) async throws { try await Cluster.current.interrupt(pids) }

/// Cancels the calls that run on workers.
public func interrupt(_ pids: [ProcessID]) async throws { try await Cluster.current.interrupt(pids) }

/// The number of this process.
public func myid() -> ProcessID { Cluster.current.myid }

/// How many processes there are, this one included.
public func nprocs() -> Int { procs().count }

/// How many workers there are; 1 if there is only process 1, which then works itself.
public func nworkers() -> Int { workers().count }

/// All processes.
public func procs() -> [ProcessID] { Cluster.current.members.withLock { $0.procs } }

/// All processes on the same node as `pid`.
public func procs(on pid: ProcessID) -> [ProcessID] { Cluster.current.procs(onNodeOf: pid) }

/// All workers; process 1 if there are none.
public func workers() -> [ProcessID] { Cluster.current.members.withLock { $0.workers } }

extension Cluster {
  func procs(onNodeOf pid: ProcessID) -> [ProcessID] {
    members.withLock { members in
      func node(_ pid: ProcessID) -> NodeIdentity? { pid == members.me ? .current : members[pid]?.info.node }
      guard let wanted = node(pid) else { return [] }
      return members.procs.filter { node($0) == wanted }
    }
  }
}

extension Task where Failure == any Error {
  /// An unstructured task that stays on the Engine; a bare `Task {}` leaves it, which costs a hop between threads with
  /// every call.
  @discardableResult
  public static func onCluster(_ body: @escaping @Sendable () async throws -> Success) -> Task<Success, any Error> {
    let cluster = Cluster.current
    return Task(executorPreference: cluster.engine) {
      try await Cluster.$taskCluster.withValue(cluster) { try await body() }
    }
  }
}

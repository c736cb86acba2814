/// A set of workers of which a call takes one that is free and gives it back when it is through.
///
/// What may have to go over the network is `async`; a pool of your own that lives in one process need not be. For such
/// a one the six members of Julia's pools are enough.
public protocol AbstractWorkerPool: AnyObject, Sendable {
  /// Adds a worker, unless it is there already.
  func push(_ pid: ProcessID) async throws
  /// Gives a worker back that was taken; returns at once.
  func put(_ pid: ProcessID)
  /// Takes a free worker; waits until there is one.
  ///
  /// - Throws: `ClusterError` `.noWorkers` when there will be none; `CancellationError` when the task is cancelled, and
  ///   then no worker is taken; `ProcessExitedError` when the process that owns the pool has gone.
  func take() async throws -> ProcessID
  /// Waits until a worker is free, without taking it.
  ///
  /// - Throws: as `take`.
  func wait() async throws
  /// How many workers belong to it, free or not.
  var count: Int { get async throws }
  /// Whether `take` would return at once.
  var isReady: Bool { get async throws }
  /// How many wait for a worker. While others than itself do, `pmap` gives its workers back one by one.
  var waiterCount: Int { get async }
  /// Forgets a worker that is being removed or has been lost; called for the default pool.
  func remove(_ pid: ProcessID)
}

extension AbstractWorkerPool {
  public var waiterCount: Int { 0 }
  public func remove(_ pid: ProcessID) {}
}

/// A set of workers of which a call takes one that is free and gives it back when it is through.
public protocol AbstractWorkerPool: AnyObject, Sendable {
  /// Adds a worker.
  func push(_ pid: ProcessID)
  /// Gives a worker back.
  func put(_ pid: ProcessID)
  /// Takes a free worker; waits until there is one.
  ///
  /// - Throws: `ClusterError` `.noWorkers` when there will be none; `CancellationError`.
  func take() async throws -> ProcessID
  /// Forgets a worker that is being removed or has been lost.
  func remove(_ pid: ProcessID)
  /// How many workers belong to it, free or not.
  var count: Int { get }
  /// Whether `take` would return at once.
  var isReady: Bool { get }
  /// Whether somebody waits for a worker.
  var isContended: Bool { get }
  /// Waits until a worker is free.
  func wait() async throws
}

/// Runs a function on a free worker of a pool, which stays taken until the function has finished.
public func remotecall<F: RemoteFunction>(
  _ function: F, on pool: some AbstractWorkerPool, _ input: F.Input
) async throws -> Future<F.Output> {
  let pid = try await pool.take()
  do {
    let future = try await remotecall(function, on: pid, input)
    Cluster.current.task {
      try? await future.wait()
      pool.put(pid)
    }
    return future
  } catch {
    pool.put(pid)
    throw error
  }
}

public func remotecall<F: RemoteThunk>(_ function: F, on pool: some AbstractWorkerPool) async throws -> Future<F.Output>
{
  try await remotecall(function, on: pool, Nothing())
}

/// Runs a function on a free worker of a pool and waits for its result.
public func remotecallFetch<F: RemoteFunction>(
  _ function: F, on pool: some AbstractWorkerPool, _ input: F.Input
) async throws -> F.Output {
  let pid = try await pool.take()
  defer { pool.put(pid) }
  return try await remotecallFetch(function, on: pid, input)
}

public func remotecallFetch<F: RemoteThunk>(_ function: F, on pool: some AbstractWorkerPool) async throws -> F.Output {
  try await remotecallFetch(function, on: pool, Nothing())
}

/// Runs a function on a free worker of a pool and waits until it has finished.
public func remotecallWait<F: RemoteFunction>(
  _ function: F, on pool: some AbstractWorkerPool, _ input: F.Input
) async throws -> Future<F.Output> {
  let pid = try await pool.take()
  defer { pool.put(pid) }
  return try await remotecallWait(function, on: pid, input)
}

public func remotecallWait<F: RemoteThunk>(
  _ function: F, on pool: some AbstractWorkerPool
) async throws -> Future<F.Output> {
  try await remotecallWait(function, on: pool, Nothing())
}

/// Runs a function on a free worker of a pool; nothing comes back. The worker is taken until the function has finished.
public func remoteDo<F: RemoteFunction>(_ function: F, on pool: some AbstractWorkerPool, _ input: F.Input) async throws
{
  let pid = try await pool.take()
  do {
    let future = try await remotecall(ReportErrors(function: function), on: pid, input)
    Cluster.current.task {
      try? await future.wait()
      pool.put(pid)
    }
  } catch {
    pool.put(pid)
    throw error
  }
}

public func remoteDo<F: RemoteThunk>(_ function: F, on pool: some AbstractWorkerPool) async throws {
  try await remoteDo(function, on: pool, Nothing())
}

/// What `remoteDo` runs on a pool's worker: an error is reported there, as nobody here waits for it.
struct ReportErrors<F: RemoteFunction>: RemoteProcedure {
  typealias Input = F.Input
  let function: F

  func callAsFunction(_ input: F.Input) async {
    do {
      _ = try await function(input)
    } catch {
      Cluster.current.report("remoteDo(\(F.self)) failed: \(error)")
    }
  }
}

/// Where `spawnat` lets Muster choose the worker: Julia's `:any`.
public enum AnyWorker: Sendable { case any }

/// Julia's `@spawnat :any`.
public func spawnat<F: RemoteThunk>(_ any: AnyWorker, _ function: F) async throws -> Future<F.Output> {
  try await remotecall(function, on: Cluster.current.nextWorker())
}

/// Julia's `@fetch`: runs a thunk on some worker and waits for its result.
public func fetch<F: RemoteThunk>(_ function: F) async throws -> F.Output {
  try await remotecallFetch(function, on: Cluster.current.nextWorker())
}

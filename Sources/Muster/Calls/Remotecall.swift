/// Runs a function on a process and returns a reference to its result, without waiting.
///
/// From one task to one process calls are sent in order. They leave together: at the latest when the calling task
/// suspends, so that thousands of calls cost few system calls.
///
/// - Parameters:
///   - function: what to run; its stored properties travel with it.
///   - pid: where.
///   - input: its argument.
/// - Throws: `ClusterError` `.privateFunction`, `.cannotEncode`, `.noSuchProcess`; `ProcessExitedError` when the
///   process has gone. What the function throws is thrown by the future.
public func remotecall<F: RemoteFunction>(
  _ function: F, on pid: ProcessID, _ input: F.Input
) async throws -> Future<F.Output> {
  try await Cluster.current.spawn(function, on: pid, input)
}

/// Runs a thunk on a process and returns a reference to its result, without waiting.
public func remotecall<F: RemoteThunk>(_ function: F, on pid: ProcessID) async throws -> Future<F.Output> {
  try await Cluster.current.spawn(function, on: pid, Nothing())
}

/// Runs a function on a process and waits for its result.
///
/// - Throws: as `remotecall`; `RemoteError` with what the function threw; `ProcessExitedError` when the process is
///   lost on the way; `CancellationError` when the calling task is cancelled (the function is not stopped by that).
public func remotecallFetch<F: RemoteFunction>(
  _ function: F, on pid: ProcessID, _ input: F.Input
) async throws -> F.Output {
  try await Cluster.current.call(function, on: pid, input)
}

/// Runs a thunk on a process and waits for its result.
public func remotecallFetch<F: RemoteThunk>(_ function: F, on pid: ProcessID) async throws -> F.Output {
  try await Cluster.current.call(function, on: pid, Nothing())
}

/// Runs a function on a process and waits until it has finished; the result stays there until it is fetched.
public func remotecallWait<F: RemoteFunction>(
  _ function: F, on pid: ProcessID, _ input: F.Input
) async throws -> Future<F.Output> {
  let future = try await remotecall(function, on: pid, input)
  try await future.wait()
  return future
}

/// Runs a thunk on a process and waits until it has finished; the result stays there until it is fetched.
public func remotecallWait<F: RemoteThunk>(_ function: F, on pid: ProcessID) async throws -> Future<F.Output> {
  try await remotecallWait(function, on: pid, Nothing())
}

/// Runs a function on a process; nothing comes back. An error is printed by the process on its standard error.
///
/// When more is under way than the process takes, this waits until there is room again.
public func remoteDo<F: RemoteFunction>(_ function: F, on pid: ProcessID, _ input: F.Input) async throws {
  try await Cluster.current.cast(function, on: pid, input)
}

/// Runs a thunk on a process; nothing comes back.
public func remoteDo<F: RemoteThunk>(_ function: F, on pid: ProcessID) async throws {
  try await Cluster.current.cast(function, on: pid, Nothing())
}

/// Julia's `@spawnat p`.
public func spawnat<F: RemoteThunk>(_ pid: ProcessID, _ function: F) async throws -> Future<F.Output> {
  try await remotecall(function, on: pid)
}

/// Julia's `@fetchfrom`.
public func fetchfrom<F: RemoteThunk>(_ pid: ProcessID, _ function: F) async throws -> F.Output {
  try await remotecallFetch(function, on: pid)
}

/// Julia's `remote(f)`: a closure that runs the function on whichever worker of the default pool is free.
public func remote<F: RemoteFunction>(_ function: F) -> @Sendable (F.Input) async throws -> F.Output {
  { input in try await remotecallFetch(function, on: defaultWorkerPool(), input) }
}

/// A closure that runs the function on whichever worker of a pool is free.
public func remote<F: RemoteFunction>(
  _ pool: any AbstractWorkerPool, _ function: F
) -> @Sendable (F.Input) async throws -> F.Output {
  { input in try await remotecallFetch(function, on: pool, input) }
}

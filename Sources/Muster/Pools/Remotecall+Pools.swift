/// Runs a function on a free worker of a pool, which stays taken until the function has finished.
///
/// - Throws: as `remotecall` on a process, and as `take` of the pool.
public func remotecall<F: RemoteFunction>(
  _ function: F, on pool: some AbstractWorkerPool, _ input: F.Input
) async throws -> Future<F.Output> {
  let call = try await PoolCall(function, on: pool)
  return try await call.spawn(input)
}

/// Runs a thunk on a free worker of a pool, which stays taken until it has finished.
public func remotecall<F: RemoteThunk>(_ function: F, on pool: some AbstractWorkerPool) async throws -> Future<F.Output>
{
  try await remotecall(function, on: pool, Nothing())
}

/// Runs a function on a free worker of a pool and waits for its result.
public func remotecallFetch<F: RemoteFunction>(
  _ function: F, on pool: some AbstractWorkerPool, _ input: F.Input
) async throws -> F.Output {
  let call = try await PoolCall(function, on: pool)
  return try await call.fetch(input)
}

/// Runs a thunk on a free worker of a pool and waits for its result.
public func remotecallFetch<F: RemoteThunk>(_ function: F, on pool: some AbstractWorkerPool) async throws -> F.Output {
  try await remotecallFetch(function, on: pool, Nothing())
}

/// Runs a function on a free worker of a pool and waits until it has finished.
public func remotecallWait<F: RemoteFunction>(
  _ function: F, on pool: some AbstractWorkerPool, _ input: F.Input
) async throws -> Future<F.Output> {
  let call = try await PoolCall(function, on: pool)
  return try await call.wait(input)
}

/// Runs a thunk on a free worker of a pool and waits until it has finished.
public func remotecallWait<F: RemoteThunk>(
  _ function: F, on pool: some AbstractWorkerPool
) async throws -> Future<F.Output> {
  try await remotecallWait(function, on: pool, Nothing())
}

/// Runs a function on a free worker of a pool; nothing comes back. The worker is taken until the function has finished.
public func remoteDo<F: RemoteFunction>(_ function: F, on pool: some AbstractWorkerPool, _ input: F.Input) async throws
{
  _ = try await PoolCall(ReportErrors(function: function), on: pool).spawn(input)
}

/// Runs a thunk on a free worker of a pool; nothing comes back.
public func remoteDo<F: RemoteThunk>(_ function: F, on pool: some AbstractWorkerPool) async throws {
  try await remoteDo(function, on: pool, Nothing())
}

/// A call for which a worker has been taken.
private struct PoolCall<F: RemoteFunction> {
  let cluster: Cluster
  let function: F
  let pool: any AbstractWorkerPool
  let pid: ProcessID
  /// Where the function value is worth being sent only once.
  let offer: FunctionOffer<F>?

  init(_ function: F, on pool: any AbstractWorkerPool) async throws {
    cluster = .current
    self.function = function
    self.pool = try await cluster.borrowing(pool)
    pid = try await self.pool.take()
    offer = pid == cluster.myid ? nil : FunctionOffer(function, for: pool, in: cluster)
  }

  func fetch(_ input: F.Input) async throws -> F.Output {
    defer { pool.put(pid) }
    if let offer {
      let value = try await cluster.call(offer.call, on: pid, input)
      withExtendedLifetime(offer) {}
      return value
    }
    return try await inCall { try await cluster.call(function, on: pid, input) }
  }

  func wait(_ input: F.Input) async throws -> Future<F.Output> {
    defer { pool.put(pid) }
    let future = try await begin(input)
    try await future.wait()
    withExtendedLifetime(offer) {}
    return future
  }

  func spawn(_ input: F.Input) async throws -> Future<F.Output> {
    let future: Future<F.Output>
    do {
      future = try await begin(input)
    } catch {
      pool.put(pid)
      throw error
    }
    cluster.task { [pool, pid, offer] in
      try? await future.wait()
      withExtendedLifetime(offer) {}
      pool.put(pid)
    }
    return future
  }

  private func begin(_ input: F.Input) async throws -> Future<F.Output> {
    if let offer { return try await cluster.spawn(offer.call, on: pid, input) }
    return try await inCall { try await cluster.spawn(function, on: pid, input) }
  }

  /// What runs in this process knows that it is a call.
  private func inCall<Value>(_ body: () async throws -> Value) async throws -> Value {
    guard pid == cluster.myid else { return try await body() }
    return try await Cluster.$isInCall.withValue(true) { try await body() }
  }
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

/// Applies a function to every item, on the workers of a pool, and returns the results in the order of the items.
///
/// - Parameters:
///   - function: what to apply. What it has captured crosses once to each worker if it is large, and is kept there for
///     the next map (`CachingPool` says for how long), unless there are references in it.
///   - items: the inputs.
///   - pool: whose workers to use; the default pool if `nil`, which is process 1 while there are no workers.
///   - distributed: `false` uses this process only.
///   - batchSize: how many items travel in one message; larger is faster where items take microseconds. The items of a
///     batch run concurrently on their worker.
///   - onError: hears every failure of an item first, in this process: what the function threw (`RemoteError`), a lost
///     worker (`ProcessExitedError`), results that cannot be decoded. What it returns is the item's value.
///   - retryDelays: how long to wait before each further attempt at an item that failed; none by default.
///   - retryCheck: whether a failure is worth another attempt; every one is if there is no check.
///   - progress: shows on standard error how far it is.
/// - Returns: one result for each item. An item may have been executed more than once where a worker was lost.
/// - Throws: the first failure that was neither replaced nor retried; `ClusterError` `.noWorkers` when all workers of the
///   pool were lost.
@inlinable  // so that the items are copied by code made for their type
public func pmap<F: RemoteFunction, S: Sequence<F.Input>>(
  _ function: F, _ items: S, on pool: (any AbstractWorkerPool)? = nil, distributed: Bool = true, batchSize: Int = 1,
  onError: (@Sendable (any Error) async throws -> F.Output)? = nil,
  retryDelays: some Sequence<Duration> & Sendable = [Duration](),
  retryCheck: (@Sendable (any Error) -> Bool)? = nil, progress: ProgressDisplay = .none
) async throws -> [F.Output] {
  try await mapArray(
    function, Array(items), on: pool, distributed: distributed, batchSize: batchSize, onError: onError,
    retryDelays: Array(retryDelays), retryCheck: retryCheck, progress: progress)
}

/// As `pmap`, but an item that fails for good has its error as its result: Julia's `on_error = identity`.
public func pmapResults<F: RemoteFunction, S: Sequence<F.Input>>(
  _ function: F, _ items: S, on pool: (any AbstractWorkerPool)? = nil, distributed: Bool = true, batchSize: Int = 1,
  retryDelays: some Sequence<Duration> & Sendable = [Duration](),
  retryCheck: (@Sendable (any Error) -> Bool)? = nil, progress: ProgressDisplay = .none
) async -> [Result<F.Output, any Error>] {
  let items = Array(items)
  do {
    let call = try PmapCall(pool: pool, distributed: distributed, batchSize: batchSize, progress: progress)
    let policy = FailurePolicy<F.Output>(onError: nil, retryDelays: Array(retryDelays), retryCheck: retryCheck)
    return try await call.map(function, items, policy, keepsFailures: true).outcome()
  } catch {
    return items.map { _ in .failure(error) }
  }
}

/// Calls the thunk that `call` makes of each item: for functions of several arguments.
///
///     let sums = try await pmap(zip(a, b)) { Add(a: $0, b: $1) }
public func pmap<S: Sequence, F: RemoteThunk>(
  _ items: S, on pool: (any AbstractWorkerPool)? = nil, distributed: Bool = true, batchSize: Int = 1,
  onError: (@Sendable (any Error) async throws -> F.Output)? = nil,
  retryDelays: some Sequence<Duration> & Sendable = [Duration](),
  retryCheck: (@Sendable (any Error) -> Bool)? = nil, progress: ProgressDisplay = .none,
  _ call: @Sendable (S.Element) -> F
) async throws -> [F.Output] {
  try await pmap(
    CallThunk<F>(), items.map(call), on: pool, distributed: distributed, batchSize: batchSize, onError: onError,
    retryDelays: retryDelays, retryCheck: retryCheck, progress: progress)
}

/// Calls its argument.
struct CallThunk<F: RemoteThunk>: RemoteFunction {
  func callAsFunction(_ thunk: F) async throws -> F.Output { try await thunk() }
}

@usableFromInline
func mapArray<F: RemoteFunction>(
  _ function: F, _ items: [F.Input], on pool: (any AbstractWorkerPool)?, distributed: Bool, batchSize: Int,
  onError: (@Sendable (any Error) async throws -> F.Output)?, retryDelays: [Duration],
  retryCheck: (@Sendable (any Error) -> Bool)?, progress: ProgressDisplay
) async throws -> [F.Output] {
  let call = try PmapCall(pool: pool, distributed: distributed, batchSize: batchSize, progress: progress)
  let policy = FailurePolicy(onError: onError, retryDelays: retryDelays, retryCheck: retryCheck)
  return try await call.map(function, items, policy, keepsFailures: false).results()
}

/// What the kinds of `pmap` have in common.
struct PmapCall: Sendable {
  let pool: any AbstractWorkerPool
  let batchSize: Int
  let progress: ProgressDisplay

  init(pool: (any AbstractWorkerPool)?, distributed: Bool, batchSize: Int, progress: ProgressDisplay)
    throws(ClusterError)
  {
    guard batchSize > 0 else {
      throw ClusterError(.invalidArgument, "pmap: batchSize is \(batchSize): it must be at least 1")
    }
    self.pool = distributed ? pool ?? defaultWorkerPool() : LocalPool(pid: Cluster.current.myid)
    self.batchSize = batchSize
    self.progress = progress
  }

  func map<F: RemoteFunction>(
    _ function: F, _ inputs: [F.Input], _ policy: FailurePolicy<F.Output>, keepsFailures: Bool
  ) async throws -> PmapArray<F.Input, F.Output> {
    let meter = ProgressMeter(display: progress, total: inputs.count)
    let run = PmapArray(
      inputs: inputs, batchSize: batchSize, policy: policy, keepsFailures: keepsFailures, progress: meter)
    await PmapLanes(function: function, run: run, pool: pool).drive()
    meter.finish()
    return run
  }
}

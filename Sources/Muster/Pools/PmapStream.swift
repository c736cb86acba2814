import Synchronization

/// Applies a function to every item of a sequence, which may be endless, on the workers of a pool; the results are
/// there to be iterated over as they come.
///
///     for try await (index, value) in pmapStream(Simulate(), seeds) {
///       if value < tolerance { break }
///     }
///
/// Nothing begins before the iteration does. The sequence is asked for no more items than `inFlight` ahead of the
/// results that have been taken, so a slow consumer slows the workers down. Leaving the loop, or cancelling its task,
/// gives up what is queued and interrupts what runs.
///
/// The items are asked for by one task at a time, ahead of need; each iteration begins anew. `ordered` hands the results out
/// in the order of the items (Julia's `pgenerate`), not as they come. `inFlight` is how many items may be under way, or have
/// results that nobody has taken; by default enough to keep every worker busy with the shortest of items. The other
/// parameters are those of `pmap`.
///
/// - Returns: a sequence of pairs: the position of an item, and its value. The iteration throws what `pmap` would.
public func pmapStream<F: RemoteFunction, S: Sequence<F.Input> & Sendable>(
  _ function: F, _ items: S, on pool: (any AbstractWorkerPool)? = nil, distributed: Bool = true, batchSize: Int = 1,
  onError: (@Sendable (any Error) async throws -> F.Output)? = nil,
  retryDelays: some Sequence<Duration> & Sendable = [Duration](),
  retryCheck: (@Sendable (any Error) -> Bool)? = nil, progress: ProgressDisplay = .none, ordered: Bool = false,
  inFlight: Int? = nil
) -> PmapResults<F.Output> {
  let policy = FailurePolicy(onError: onError, retryDelays: Array(retryDelays), retryCheck: retryCheck)
  return PmapResults { () throws(ClusterError) in
    let call = try PmapCall(pool: pool, distributed: distributed, batchSize: batchSize, progress: progress)
    return try call.stream(function, items, policy, ordered: ordered, inFlight: inFlight)
  }
}

/// The results of `pmapStream`: positions and values.
public struct PmapResults<Output: Codable & Sendable>: AsyncSequence, Sendable {
  public typealias Element = (index: Int, value: Output)

  /// Starts the map.
  let start: @Sendable () throws(ClusterError) -> Iteration

  /// One run of the map; given up when nobody iterates any more.
  final class Iteration: Sendable {
    let next: @Sendable () async throws -> Element?
    private let cancel: @Sendable () -> Void

    init(next: @escaping @Sendable () async throws -> Element?, cancel: @escaping @Sendable () -> Void) {
      self.next = next
      self.cancel = cancel
    }

    deinit { cancel() }
  }

  public struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate let start: @Sendable () throws(ClusterError) -> Iteration
    private var iteration: Iteration?

    fileprivate init(start: @escaping @Sendable () throws(ClusterError) -> Iteration) { self.start = start }

    /// The next result.
    ///
    /// - Throws: the first failure of an item that was neither replaced nor retried, after the results before it;
    ///   `ClusterError` `.invalidArgument` for arguments out of range, `.noWorkers`; `CancellationError`.
    public mutating func next() async throws -> Element? {
      if iteration == nil { iteration = try start() }
      return try await iteration!.next()
    }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(start: start) }
}

/// The program's iterator, for whoever holds the lock of the run.
// @unchecked: asked under one Mutex only (`PmapStreamRun.takeNew`), by nobody else.
private final class IteratorBox<Base: IteratorProtocol>: @unchecked Sendable {
  private var base: Base
  init(_ base: Base) { self.base = base }
  func next() -> Base.Element? { base.next() }
}

extension PmapCall {
  /// More than a lane to every process sends ahead.
  private func enough() -> Int { 2 * LaneWindow.maximumDepth * batchSize * nprocs() }

  func stream<F: RemoteFunction, S: Sequence<F.Input> & Sendable>(
    _ function: F, _ items: S, _ policy: FailurePolicy<F.Output>, ordered: Bool, inFlight: Int?
  ) throws(ClusterError) -> PmapResults<F.Output>.Iteration {
    if let inFlight, inFlight < 1 {
      throw ClusterError(.invalidArgument, "pmapStream: inFlight is \(inFlight): it must be at least 1")
    }
    let source = IteratorBox(items.makeIterator())
    let meter = ProgressMeter(display: progress, total: items.underestimatedCount)
    let run = PmapStreamRun<F.Input, F.Output>(
      next: { source.next() }, isOrdered: ordered, capacity: inFlight ?? enough(), batchSize: batchSize,
      policy: policy, progress: meter)
    let lanes = PmapLanes(function: function, run: run, pool: pool)
    let driver = Cluster.current.task {
      await lanes.drive()
      meter.finish()
      run.finish()
    }
    let cancel: @Sendable () -> Void = {
      run.abort(CancellationError())
      driver.cancel()
    }
    return PmapResults.Iteration(
      next: {
        try await withTaskCancellationHandler {
          try await run.next().map { (index: $0.position, value: $0.value) }
        } onCancel: {
          cancel()
        }
      }, cancel: cancel)
  }
}

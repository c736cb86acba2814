import CMuster
import Logging
import Synchronization

/// As `pmap`, and each result is kept in a file: a run of the same program that finds it there does only what is left. For
/// jobs that end before they are done, in order or not (a time limit, preemption, a crash), and are queued again.
///
/// Results are known again by the function with all it has captured, and the item: what was computed with other
/// parameters is computed anew. One file may serve several maps; one process at a time may use it.
///
/// `journal` is the path of the file, which is made if it is not there. It is only ever appended to, so it may be cut at any
/// byte: what is whole counts. The other parameters are those of `pmap`.
///
/// - Throws: as `pmap`; `ClusterError` `.invalidArgument` for a journal that cannot be opened or is in use, and for functions
///   and items that hold references; `.journalFailed` when it cannot be written.
public func pmap<F: RemoteFunction, S: Sequence<F.Input>>(
  _ function: F, _ items: S, on pool: (any AbstractWorkerPool)? = nil, distributed: Bool = true, batchSize: Int = 1,
  onError: (@Sendable (any Error) async throws -> F.Output)? = nil,
  retryDelays: some Sequence<Duration> & Sendable = [Duration](),
  retryCheck: (@Sendable (any Error) -> Bool)? = nil, progress: ProgressDisplay = .none, journal: String
) async throws -> [F.Output] {
  let call = try PmapCall(pool: pool, distributed: distributed, batchSize: batchSize, progress: progress)
  let policy = FailurePolicy(onError: onError, retryDelays: Array(retryDelays), retryCheck: retryCheck)
  return try await call.mapInPart(function, Array(items), policy, until: nil, journal: journal).map { $0! }
}

/// As `pmap`, but it ends in time: nothing is handed out that is not expected to have finished so long before the end of
/// the allocation, as long as items have taken so far.
///
/// What still runs then is interrupted; the same happens at once when the batch system warns (`allocationWarnings()`).
/// Outside of an allocation there is no end.
///
/// `stopBefore` is how long before the end of the allocation (`timeLeft()`) the map has returned; `journal` is as in
/// `pmap(…, journal:)`, none if `nil`. The other parameters are those of `pmap`.
///
/// - Returns: what is done, and what is left.
public func pmap<F: RemoteFunction, S: Sequence<F.Input>>(
  _ function: F, _ items: S, on pool: (any AbstractWorkerPool)? = nil, distributed: Bool = true, batchSize: Int = 1,
  onError: (@Sendable (any Error) async throws -> F.Output)? = nil,
  retryDelays: some Sequence<Duration> & Sendable = [Duration](),
  retryCheck: (@Sendable (any Error) -> Bool)? = nil, progress: ProgressDisplay = .none, stopBefore: Duration,
  journal: String? = nil
) async throws -> PartialMap<F.Output> {
  guard stopBefore >= .zero else {
    throw ClusterError(.invalidArgument, "pmap: stopBefore is \(stopBefore): it must not be negative")
  }
  let call = try PmapCall(pool: pool, distributed: distributed, batchSize: batchSize, progress: progress)
  let policy = FailurePolicy(onError: onError, retryDelays: Array(retryDelays), retryCheck: retryCheck)
  let end = await timeLeft().map { muster_now() &+ UInt64(max(0, ($0 - stopBefore).nanoseconds)) }
  return PartialMap(
    values: try await call.mapInPart(function, Array(items), policy, until: end ?? .max, journal: journal))
}

extension PmapCall {
  /// - Parameter end: when to stop, in monotonic nanoseconds; `nil`: whatever happens, the map goes on.
  /// - Returns: the values; `nil` for items that are left, which there are only where `end` is given.
  func mapInPart<F: RemoteFunction>(
    _ function: F, _ items: [F.Input], _ policy: FailurePolicy<F.Output>, until end: UInt64?, journal path: String?
  ) async throws -> [F.Output?] {
    let record = try path.map { try MapRecord(function, items, Journal(path: $0)) }
    var values = record?.values ?? Array(repeating: nil, count: items.count)
    let left = values.indices.filter { values[$0] == nil }
    let cluster = Cluster.current
    if let record, left.count < items.count {
      cluster.logger(.pools).notice(
        "\(items.count - left.count) of \(items.count) items are in the journal \(record.path)")
    }
    let meter = ProgressMeter(display: progress, total: left.count)
    let run = PmapArray<F.Input, F.Output>(
      inputs: left.map { items[$0] }, batchSize: batchSize, policy: policy, keepsFailures: false, progress: meter,
      limit: end.map(PmapLimit.init)
    ) { position, value in try record?.keep(value, at: left[position], in: cluster) }
    let lanes = PmapLanes(function: function, run: run, pool: pool)
    if let end {
      await driveUntil(end, run, cluster) { await lanes.drive() }
    } else {
      await lanes.drive()
    }
    meter.finish()
    // Also where the map has failed: what is done is done.
    let failure = await record?.sync()
    for (position, value) in zip(left, try run.part()) { values[position] = value }
    if let failure { throw failure }
    return values
  }

  /// Interrupts the map when its time is over, or somebody warns.
  private func driveUntil<Input, Output>(
    _ end: UInt64, _ run: PmapRun<Input, Output>, _ cluster: Cluster, _ drive: @escaping @Sendable () async -> Void
  ) async {
    let work = cluster.task(drive)
    let stop: @Sendable () -> Void = {
      run.stop()
      work.cancel()
    }
    let warnings = SignalWatch.shared.add(on: cluster.engine) { _ in stop() }
    let now = muster_now()
    let timer = end == .max ? nil : cluster.engine.schedule(after: .nanoseconds(Int64(end > now ? end - now : 0)), stop)
    await withTaskCancellationHandler {
      await work.value
    } onCancel: {
      work.cancel()
    }
    if let timer { cluster.engine.cancel(timer) }
    SignalWatch.shared.remove(warnings)
  }
}

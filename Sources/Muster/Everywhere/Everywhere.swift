import Synchronization

/// Runs a thunk on many processes, this one included, and waits until all have finished: Julia's `@everywhere`.
///
/// More than a few workers are reached over others that pass the call on. A process runs it once for every time it is
/// named, also where one that passes it on is lost.
///
/// - Parameters:
///   - pids: where; all processes if `nil`. One that is named twice runs it twice.
///   - lateJoiners: workers that are added later run it, too, before anything else can be asked of them; several such
///     calls in their order. What it throws there makes the worker fail to join.
///   - function: what to run; its result stays where it is.
/// - Throws: `CompositeError` with the errors in the order of `pids`: `RemoteError` with what the function threw (it is
///   not repeated for late joiners then), `ProcessExitedError`, `ClusterError` `.noSuchProcess` and others of
///   `remotecall`. The function runs on the others all the same. `ClusterError` `.privateFunction` before it runs
///   anywhere.
public func everywhere<F: RemoteThunk>(
  on pids: [ProcessID]? = nil, lateJoiners: Bool = false, _ function: F
) async throws {
  try await Cluster.current.everywhere(on: pids, lateJoiners: lateJoiners, function)
}

/// Runs a thunk on one process and returns its result.
///
/// - Throws: as `remotecallFetch`.
@discardableResult
public func everywhere<F: RemoteThunk>(on pid: ProcessID, _ function: F) async throws -> F.Output {
  try await Cluster.current.call(function, on: pid, Nothing())
}

extension Cluster {
  func everywhere<F: RemoteThunk>(on pids: [ProcessID]?, lateJoiners: Bool, _ function: F) async throws {
    guard lateJoiners else {
      return try await spread(function, to: pids ?? members.withLock { $0.procs })
    }
    _ = try functions.entry(of: F.self)
    let kept = try await call(KeepForLateJoiners(function: function), on: 1, Nothing())
    do {
      try await spread(function, to: pids ?? kept.procs)
    } catch let error as CompositeError where error.errors.contains(where: { $0 is RemoteError }) {
      // That a process was lost says nothing against the function.
      _ = try? await call(ForgetForLateJoiners(number: kept.number), on: 1, Nothing())
      throw error
    }
  }

  private func spread<F: RemoteThunk>(_ function: F, to pids: [ProcessID]) async throws {
    let me = myid
    if pids.contains(where: { $0 != me }) { _ = try functions.entry(of: F.self) }
    let spreading = Spreading(cluster: self, id: nextReference(), function: function)
    let errors = await run { await spreading.runOnAll(pids) }
    try Task.checkCancellation()
    guard errors.isEmpty else { throw CompositeError(errors: errors) }
  }
}

import Synchronization

/// Calls a function that is cancelled with the calling task, and waits for its answer even then.
///
/// - Parameter grace: how long a function that has been cancelled is waited for.
/// - Throws: as `remotecallFetch`; `CancellationError` if the function has been cancelled and goes on.
package func cancellableCall<F: RemoteThunk>(
  _ function: F, on pid: ProcessID, grace: Duration
) async throws -> F.Output {
  try await Cluster.current.cancellableCall(function, on: pid, grace: grace)
}

extension Cluster {
  fileprivate func cancellableCall<F: RemoteThunk>(
    _ function: F, on pid: ProcessID, grace: Duration
  ) async throws -> F.Output {
    // Here the function runs in the calling task.
    if pid == myid { return try await call(function, on: pid, Nothing()) }
    let link = try await link(to: pid)
    await link.paceIfNeeded()
    let id = try sendCall(function, Nothing(), over: link)
    let reply = await withTaskCancellationHandler {
      await link.certainReply(to: id)
    } onCancel: {
      cancelCall(id, over: link)
      engine.schedule(after: grace) { link.pending.withLock { $0.abandon(id) }?.receive(Reply(.cancelled)) }
    }
    return try decode(reply, from: link, as: F.Output.self)
  }
}

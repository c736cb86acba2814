/// What a process does that something else than a cluster manager has started, an MPI launcher say, and that now serves
/// process 1. For the other modules of this package.

/// Becomes a worker as `body` says, and serves until the cluster is over. Does not return.
package func serveCluster(_ body: @Sendable () async throws -> Void) async -> Never {
  await WorkerProcess.serve(body)
}

/// Becomes the worker that an invitation is for, and serves until the cluster is over. Does not return.
package func serveCluster(invitation: String) async -> Never {
  await WorkerProcess.serve {
    let invitation = try Invitation(text: invitation)
    WorkerProcess.closeStandardInput()
    try await WorkerProcess.join(invitation)
  }
}

import Synchronization

/// What the other modules of this package need where workers are started by something else than a `ChildProcess` of
/// process 1, an MPI launcher say.

/// How a worker begins that was launched by another module: it is named, as `_typeByName` knows it, on the worker's
/// command line, and found by that name.
package protocol WorkerEntry: SendableMetatype {
  static func serve() async -> Never
}

extension WorkerEntry {
  /// The first argument of the worker.
  package static var flag: String { ForeignWorker.flag + (_mangledTypeName(Self.self) ?? "") }
}

enum ForeignWorker {
  static let flag = "--worker-of="

  /// Who is to serve, if the first argument of this process says so.
  static var entry: (any WorkerEntry.Type)? {
    let arguments = ProgramArguments.current
    guard arguments.count > 1, arguments[1].hasPrefix(flag) else { return nil }
    return _typeByName(String(arguments[1].dropFirst(flag.count))) as? any WorkerEntry.Type
  }
}

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

/// Removes the mark of the worker, for user code not to see.
package func hideWorkerFlag() { ProgramArguments.hide(1...1) }

/// The end of what `text` must be read up to, from standard input: one byte at a time, as what follows is not ours.
package func readStandardInput(until end: String) -> String { WorkerProcess.readStandardInput(until: end) }

/// The processes that were lost, as opposed to removed, as far as this one has heard.
package func lostProcesses() -> [ProcessID] {
  Cluster.current.members.withLock { members in
    members.table.values.compactMap { member in
      if case .gone(let reason) = member.state, reason != Members.removalReason { return member.info.pid }
      return nil
    }
  }
}

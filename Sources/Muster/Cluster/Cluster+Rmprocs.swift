import Glibc
import Logging
import Synchronization

/// Removing and interrupting workers.
extension Cluster {
  func rmprocs(_ pids: [ProcessID], waitfor: Duration?) async throws {
    try requireProcess1("rmprocs")
    try requireWorkers(pids)
    guard let waitfor else { return await remove(pids) }
    let removal = Task(executorPreference: engine) { [self] in await remove(pids) }
    let done = Promise<Bool>()
    task {
      await removal.value
      done.fulfil(.success(true))
    }
    let timer = engine.schedule(after: waitfor) { done.fulfil(.success(false)) }
    defer { engine.cancel(timer) }
    guard case .success(true) = try await done.wait() else {
      let left = pids.filter { pid in members.withLock { $0[pid]?.state.isGone == false } }
      throw ClusterError(
        .timeout,
        "rmprocs: the workers \(left.map(\.description).joined(separator: ", ")) had not ended after \(waitfor)")
    }
  }

  private func requireWorkers(_ pids: [ProcessID]) throws(ClusterError) {
    for pid in pids {
      if pid == 1 { throw ClusterError(.invalidArgument, "rmprocs: process 1 cannot be removed", worker: 1) }
      guard let member = members.withLock({ $0[pid] }), !member.state.isGone else {
        throw ClusterError(
          .noSuchProcess,
          "rmprocs: there is no worker \(pid): there are "
            + members.withLock { $0.present.filter { $0 != 1 }.map(\.description).joined(separator: ", ") }, worker: pid
        )
      }
    }
  }

  /// Also where the calling task has been cancelled, the workers have their time to leave.
  func remove(_ pids: [ProcessID]) async {
    await shielded { [self] in
      await withDiscardingTaskGroup { group in
        for pid in pids { group.addTask { [self] in await remove(pid) } }
      }
    }
  }

  private func remove(_ pid: ProcessID) async {
    let member = members.withLock { members -> Members.Member? in
      guard let member = members[pid], member.state == .joined else { return nil }
      members.setState(.leaving, of: pid)
      return member
    }
    // Otherwise somebody else removes it, or it has gone by itself.
    if let member {
      removeFromPools(pid)
      await workerExits(pid)
      await recordMemory(of: [pid])
      askToLeave(pid)
      if let manager = member.manager, let config = member.config {
        do { try await manager.kill(pid, config) } catch { logger.error("ending worker \(pid): \(error)") }
        await processLost(pid, reason: Members.removalReason)
      }
    }
    await waitUntilGone(pid)
    await waitForEndOfLife(of: pid)
  }

  /// Tells a worker to end, if it is connected.
  func askToLeave(_ pid: ProcessID) {
    guard let link = openLink(to: pid) else { return }
    try? cast(ExitProcess(), Nothing(), over: link)
    link.flush()
  }

  /// Whether a worker has been told to end, and can have heard it.
  func hasAskedToLeave(_ pid: ProcessID) -> Bool {
    members.withLock { members in
      guard let member = members[pid], member.state == .leaving, let link = member.link else { return false }
      return link.loss == nil
    }
  }

  func waitUntilGone(_ pid: ProcessID) async {
    await withUnsafeContinuation { continuation in
      if !members.withLock({ $0.addDepartureWaiter(continuation, for: pid) }) { continuation.resume() }
    }
  }

  func interrupt(_ pids: [ProcessID]) async throws {
    let targets = pids.isEmpty ? members.withLock { $0.workers } : pids
    for pid in targets where members.withLock({ $0[pid]?.state }) != .joined && pid != myid {
      throw ClusterError(.noSuchProcess, "interrupt: there is no worker \(pid)", worker: pid)
    }
    await withDiscardingTaskGroup { group in
      for pid in targets {
        group.addTask { [self] in
          _ = try? await call(InterruptCalls(), on: pid, Nothing())
          let member = members.withLock { $0[pid] }
          if let manager = member?.manager, let config = member?.config {
            await manager.manage(pid, config, .interrupt)
          }
        }
      }
    }
  }

  // MARK: The end of process 1

  /// Removes every worker; called when the program ends, so that their last output arrives.
  func shutdown() async {
    guard myid == 1 else { return }
    await remove(members.withLock { $0.procs.filter { $0 != 1 } })
    await endEvents()
    stopListening()
  }

  /// Has the workers removed when this process exits in order, however it comes to that.
  func leaveAtExit() {
    guard self === Cluster.process else { return }
    let isFirst = launching.withLock { state in
      defer { state.isLeavingAtExit = true }
      return !state.isLeavingAtExit
    }
    guard isFirst else { return }
    atexit {
      // The exiting thread may be one of the Engine's; the others go on working.
      let cluster = Cluster.process
      guard cluster.myid == 1 else { return }
      let done = Gate()
      cluster.task {
        await cluster.shutdown()
        done.open()
      }
      done.wait(atMost: .seconds(10))
    }
  }
}

import Logging
import Synchronization

/// What process 1 keeps of its workers for the program.
struct Lifecycle: Sendable {
  var callbacks = WorkerCallbacks()
  /// The workers whose `started` callbacks have been called; each promise is kept when its `exited` ones are through.
  var lives: [ProcessID: Promise<Bool>] = [:]
  var statuses: [ProcessID: [String: EncodedStatus]] = [:]
}

/// Calls the callbacks for what happens to workers.
extension Cluster {
  private func callbacks<Arguments>(of event: WorkerEvent<Arguments>) -> [WorkerCallback<Arguments>] {
    lifecycle.withLock { $0.callbacks[keyPath: event.callbacks] }
  }

  func workersStart(_ manager: any ClusterManager, _ options: AddprocsOptions) async throws {
    for callback in callbacks(of: .starting) { try await callback.body((manager, options)) }
  }

  /// Returns those of the new workers that are still there.
  ///
  /// - Throws: what the callbacks throw, when the workers have been removed.
  func workersStarted(_ pids: [ProcessID]) async throws -> [ProcessID] {
    let alive = beginLives(pids)
    let errors = await withTaskGroup(of: (ProcessID, (any Error)?).self) { group in
      for pid in alive { group.addTask { [self] in (pid, await workerStarted(pid)) } }
      var errors: [ProcessID: any Error] = [:]
      for await (pid, error) in group { errors[pid] = error }
      return alive.compactMap { errors[$0] }
    }
    guard let first = errors.first else { return alive }
    await remove(alive)
    throw errors.count == 1 ? first : CompositeError(errors: errors)
  }

  private func workerStarted(_ pid: ProcessID) async -> (any Error)? {
    do {
      for callback in callbacks(of: .started) { try await callback.body(pid) }
      return nil
    } catch {
      return error
    }
  }

  /// From now on the loss of the workers is an event. Which of them are there is asked at the same moment.
  private func beginLives(_ pids: [ProcessID]) -> [ProcessID] {
    members.withLock { members in
      let alive = pids.filter { members[$0]?.state == .joined }
      lifecycle.withLock { lifecycle in
        for pid in alive { lifecycle.lives[pid] = Promise() }
      }
      return alive
    }
  }

  func workerExits(_ pid: ProcessID) async {
    guard lifecycle.withLock({ $0.lives[pid] }) != nil else { return }
    for callback in callbacks(of: .exiting) { await run(callback, pid, "exiting", pid) }
  }

  func workerExited(_ pid: ProcessID, _ state: WorkerExit) async {
    let life = lifecycle.withLock { $0.lives[pid] }
    if life != nil {
      for callback in callbacks(of: .exited) { await run(callback, (pid, state), "exited", pid) }
    }
    lifecycle.withLock { lifecycle in
      lifecycle.lives[pid] = nil
      lifecycle.statuses[pid] = nil
    }
    life?.fulfil(.success(true))
  }

  /// Waits until all has been called that is to be called when a worker has gone.
  func waitForEndOfLife(of pid: ProcessID) async {
    _ = try? await lifecycle.withLock { $0.lives[pid] }?.wait()
  }

  /// Calls a callback that may neither fail nor last.
  private func run<Arguments: Sendable>(
    _ callback: WorkerCallback<Arguments>, _ arguments: Arguments, _ event: String, _ pid: ProcessID
  ) async {
    let isDone = Promise<Bool>()
    let call = task { [logger] in
      do { try await callback.body(arguments) } catch {
        logger.error("the callback \"\(callback.key)\" for .\(event) of worker \(pid) failed: \(error)")
      }
      isDone.fulfil(.success(true))
    }
    let timer = engine.schedule(after: callback.timeout) { isDone.fulfil(.success(false)) }
    defer { engine.cancel(timer) }
    guard case .success(false)? = try? await isDone.wait() else { return }
    logger.warning(
      "the callback \"\(callback.key)\" for .\(event) of worker \(pid) takes longer than \(callback.timeout)")
    call.cancel()
  }
}

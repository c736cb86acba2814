import CMuster
import DequeModule
import Synchronization

/// Sends the items of a map to the workers of a pool.
///
/// Every worker has a lane, a task that keeps it busy. A lane keeps its worker as long as nobody else wants one from the
/// pool.
struct PmapLanes<F: RemoteFunction>: Sendable {
  let cluster: Cluster
  let function: F
  let run: PmapRun<F.Input, F.Output>
  let pool: any AbstractWorkerPool
  private let hadWorkers: Bool
  /// The wait for a worker that is under way.
  private let taking = Taking()

  init(
    function: F, run: PmapRun<F.Input, F.Output>, pool: any AbstractWorkerPool, hadWorkers: Bool = false
  ) {
    cluster = Cluster.current
    self.function = function
    self.run = run
    self.pool = pool
    self.hadWorkers = hadWorkers
  }

  /// Returns when every item has a result, or the map has failed or been cancelled.
  func drive() async {
    await withTaskCancellationHandler {
      do {
        try await prepareAndFeed()
      } catch {
        run.abort(error)
      }
    } onCancel: {
      run.abort(CancellationError())
    }
  }

  private func prepareAndFeed() async throws {
    cluster.events.record(.map(run.map, function: ProgramStatus.Call.displayName(_typeName(F.self)) ?? ""))
    let hadWorkers = try await pool.count > 0
    let borrowing = try await cluster.borrowing(pool)
    // A large function is sent once to each worker, and only named in the messages.
    if hadWorkers, let offer = FunctionOffer(function, for: pool, in: cluster) {
      await PmapLanes<CachedCall<F>>(function: offer.call, run: run, pool: borrowing, hadWorkers: true).feed()
      withExtendedLifetime(offer) {}
    } else {
      await PmapLanes(function: function, run: run, pool: borrowing, hadWorkers: hadWorkers).feed()
    }
  }

  /// Starts a lane for every worker that can be had, as long as there is work.
  private func feed() async {
    let failure = await withDiscardingTaskGroup { group -> (any Error)? in
      while await run.waitForWork() {
        do {
          let pid = try await takeWorker()
          group.addTask {
            await lane(pid)
            // Nobody needs another worker, and the next one may be free only in hours.
            if run.isOver { taking.cancel() }
          }
        } catch is NoLongerNeeded {
          continue
        } catch let error as ClusterError where error.code == .noWorkers {
          // What was under way with the last ones says better what has happened.
          return error
        } catch {
          run.abort(error)
        }
      }
      return nil
    }
    if let failure { run.abort(failure) }
  }

  private struct NoLongerNeeded: Error {}

  /// Takes a worker, unless all work is taken by the lanes there are in the meantime.
  private func takeWorker() async throws -> ProcessID {
    let pid: ProcessID
    do {
      pid = try await taking.take(from: pool, on: cluster.engine) { !run.isOver }
    } catch {
      throw run.isOver ? NoLongerNeeded() : error
    }
    // The default pool stands for process 1 while it is empty. What has just ended every worker must not come here.
    if hadWorkers, pid == cluster.myid, try await pool.count == 0 {
      throw ClusterError(.noWorkers, "pmap: all workers of the pool were removed or lost")
    }
    if run.hasWork { return pid }
    pool.put(pid)
    throw NoLongerNeeded()
  }

  /// Keeps one worker busy until there is no work, or it is lost.
  private func lane(_ pid: ProcessID) async {
    var meter = cluster.events.meter(of: pid, map: run.map)
    defer {
      cluster.events.finish(&meter)
      pool.put(pid)
    }
    let mailbox = LaneMailbox()
    var underWay: [LaneMailbox.Message] = []
    var window = LaneWindow(now: muster_now())
    var isUsable = true
    while true {
      if isUsable, window.isLow(underWay: underWay.count) {
        // A worker others wait for is given up as soon as what is under way has come back.
        isUsable = isThere(pid)
        if isUsable, !underWay.isEmpty, await taking.othersWait(for: pool) { isUsable = false }
        window.adjust(now: muster_now())
        while isUsable, underWay.count < window.depth, let unit = run.take() {
          do {
            underWay.append(try await send(unit, to: pid, mailbox))
          } catch let error as ProcessExitedError where error.pid == pid {
            // It was not sent: nothing is wrong with it.
            run.takeBack(unit)
            isUsable = false
          } catch {
            await notDone(unit, by: pid, error)
            isUsable = isThere(pid)
          }
        }
      }
      guard !underWay.isEmpty else { return }
      guard let (message, reply) = await mailbox.next() else {
        // The map has been cancelled.
        for message in underWay { message.cancel(in: cluster) }
        return
      }
      underWay.remove(at: underWay.firstIndex { $0 === message }!)
      cluster.events.answered(message, reply, &meter)
      await receive(message, reply, from: pid)
      window.answered()
    }
  }

  private func isThere(_ pid: ProcessID) -> Bool {
    let (isPresent, link) = cluster.members.withLock { ($0.isPresent(pid), $0.openLink(to: pid)) }
    return isPresent && link?.loss == nil
  }

  /// A worker has gone with a unit. If it was removed on purpose nothing is wrong with that, and others do it.
  private func notDone(_ unit: WorkUnit, by pid: ProcessID, _ error: any Error) async {
    switch cluster.members.withLock({ $0[pid]?.state }) {
    case .leaving, .removed: run.takeBack(unit)
    default: await run.fail(unit, with: error)
    }
  }

  // MARK: One message

  private func send(
    _ unit: WorkUnit, to pid: ProcessID, _ mailbox: LaneMailbox
  ) async throws -> LaneMailbox.Message {
    if pid == cluster.myid { return runHere(unit, mailbox) }
    let link = try await cluster.link(to: pid)
    await link.paceIfNeeded()
    let sent = run.limit != nil || cluster.events.isOn ? muster_now() : 0
    let id: UInt64
    if unit.positions.count == 1 {
      id = try cluster.sendCall(function, run.input(at: unit.positions.lowerBound), over: link, isLast: false)
    } else {
      id = try cluster.sendCall(Batch(function: function), run.inputs(at: unit.positions), over: link, isLast: false)
    }
    return mailbox.expect(unit, id, over: link, sent: sent)
  }

  private func receive(_ message: LaneMailbox.Message, _ reply: Reply, from pid: ProcessID) async {
    // What this process has done itself has been dealt with.
    guard let link = message.call?.link else { return }
    if reply.kind == .lost { return await notDone(message.unit, by: pid, link.lossError) }
    run.limit?.answered(message.unit, sent: message.sent)
    do {
      try await finish(message.unit, reply, from: link)
    } catch {
      await run.fail(message.unit, with: error)
    }
  }

  private func finish(_ unit: WorkUnit, _ reply: Reply, from link: Link) async throws {
    if unit.positions.count == 1 {
      let value = try cluster.decode(reply, from: link, as: F.Output.self)
      return run.finish(unit.positions.lowerBound, with: value)
    }
    let result = try cluster.decode(reply, from: link, as: BatchResult<F.Output>.self)
    guard result.count == unit.positions.count else {
      throw ClusterError(
        .cannotDecode,
        "process \(link.peer) answered a batch of \(unit.positions.count) items with \(result.count) results",
        worker: link.peer)
    }
    if result.failures.isEmpty {
      run.finish(unit, with: result.values)
    } else {
      await run.finish(unit, with: result.results())
    }
  }

  /// In this process nothing is encoded; errors look as they would from another one.
  private func runHere(_ unit: WorkUnit, _ mailbox: LaneMailbox) -> LaneMailbox.Message {
    let message = LaneMailbox.Message(unit, call: nil, sent: muster_now(), in: mailbox)
    let work = Task(executorPreference: cluster.engine) {
      for position in unit.positions {
        do {
          let value = try await Cluster.$isInCall.withValue(true) {
            try await cluster.call(function, on: cluster.myid, run.input(at: position))
          }
          run.finish(position, with: value)
        } catch {
          await run.fail(position, of: unit, with: error)
        }
      }
      run.limit?.answered(unit, sent: message.sent)
      message.complete(with: Reply(.value))
    }
    message.setWork(work)
    return message
  }
}

/// A wait for a worker that others can end.
private final class Taking: Sendable {
  private let task = Mutex<Task<ProcessID, any Error>?>(nil)
  private let isWaiting = Atomic<Bool>(false)

  /// Whether somebody else waits for a worker of the pool.
  func othersWait(for pool: any AbstractWorkerPool) async -> Bool {
    let own = isWaiting.load(ordering: .relaxed) ? 1 : 0
    return await pool.waiterCount > own
  }

  func take(
    from pool: any AbstractWorkerPool, on engine: Engine, while isNeeded: () -> Bool
  ) async throws -> ProcessID {
    isWaiting.store(true, ordering: .relaxed)
    defer { isWaiting.store(false, ordering: .relaxed) }
    let task = Task(executorPreference: engine) { try await pool.take() }
    self.task.withLock { $0 = task }
    // Who ends the wait may have looked for it just before.
    if !isNeeded() { task.cancel() }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }

  func cancel() { task.withLock { $0?.cancel() } }
}

import CMuster
import Synchronization

/// Sends the items of a `pmap` to the workers of a pool.
///
/// Every worker has a lane, a task that keeps it busy: as many messages are under way as make a millisecond of work. So
/// a worker need not wait for the next of short items, and no long item waits behind another while a worker idles. A
/// lane keeps its worker as long as nobody else wants one from the pool.
struct PmapLanes<F: RemoteFunction>: Sendable {
  /// How much work may be under way to one worker, in nanoseconds, and how many messages that may be.
  private static var horizon: UInt64 { 1_000_000 }
  private static var maximumDepth: Int { 32 }

  let cluster: Cluster
  let function: F
  let run: PmapRun<F.Input, F.Output>
  let pool: any AbstractWorkerPool
  let hadWorkers: Bool

  func drive() async {
    await withDiscardingTaskGroup { group in
      while await run.waitForWork() {
        do {
          let pid = try await takeWorker()
          group.addTask { await lane(pid) }
        } catch is NoLongerNeeded {
          continue
        } catch {
          run.abort(error)
        }
      }
    }
  }

  private struct NoLongerNeeded: Error {}

  /// Takes a worker, unless all work is taken by the lanes there are in the meantime.
  private func takeWorker() async throws -> ProcessID {
    let pid = try await pool.take()
    // The default pool stands for process 1 while it is empty. What has just ended every worker must not come here.
    if hadWorkers, pid == cluster.myid, pool.count == 0 {
      throw ClusterError(.noWorkers, "pmap: all workers of the pool were removed or lost")
    }
    if run.hasWork { return pid }
    pool.put(pid)
    throw NoLongerNeeded()
  }

  /// Keeps one worker busy until there is no work, or it is lost.
  private func lane(_ pid: ProcessID) async {
    defer { pool.put(pid) }
    var underWay: [(unit: WorkUnit, answer: Answer)] = []
    var depth = 1
    var lastArrival = muster_now()
    while true {
      while underWay.count < depth, let unit = run.take() {
        do {
          underWay.append((unit, try await send(unit, to: pid)))
        } catch {
          await run.fail(unit, with: error)
          if !isThere(pid) { depth = 0 }
        }
      }
      guard !underWay.isEmpty else { return }
      let (unit, answer) = underWay.removeFirst()
      await receive(unit, answer, from: pid)
      let now = muster_now()
      // A worker others wait for is given up as soon as what is under way has come back.
      if !isThere(pid) || pool.isContended { depth = 0 }
      if depth > 0 { depth = Self.depth(after: now &- lastArrival, current: depth) }
      lastArrival = now
    }
  }

  /// Grows by doubling, so that one quick answer does not send many items to a slow worker.
  static func depth(after interval: UInt64, current: Int) -> Int {
    min(2 * current, maximumDepth, max(1, Int(clamping: horizon / max(1, interval))))
  }

  private func isThere(_ pid: ProcessID) -> Bool { cluster.members.withLock { $0.present.contains(pid) } }

  // MARK: One message

  /// What is to be awaited for a unit that has been sent.
  private enum Answer {
    case single(Link, UInt64)
    case batch(Link, UInt64)
    case here(Task<[Result<F.Output, any Error>], Never>)
  }

  private func send(_ unit: WorkUnit, to pid: ProcessID) async throws -> Answer {
    if pid == cluster.myid { return .here(runHere(unit)) }
    let link = try await cluster.link(to: pid)
    if unit.positions.count == 1 {
      let input = run.inputs[unit.positions.lowerBound]
      return .single(link, try await cluster.sendCall(function, input, over: link, isAwaited: true))
    }
    let inputs = Array(run.inputs[unit.positions])
    return .batch(link, try await cluster.sendCall(Batch(function: function), inputs, over: link, isAwaited: true))
  }

  private func receive(_ unit: WorkUnit, _ answer: Answer, from pid: ProcessID) async {
    switch answer {
    case .here(let task): await run.finish(unit, with: await task.value)
    case .single(let link, let id):
      let reply = await link.reply(to: id)
      if reply.kind == .lost { return await run.fail(unit, with: link.lossError) }
      let result: Result<F.Output, any Error>
      do {
        result = .success(try cluster.decode(reply, from: link, as: F.Output.self))
      } catch {
        result = .failure(error)
      }
      await run.finish(unit, with: [result])
    case .batch(let link, let id):
      let reply = await link.reply(to: id)
      do {
        let result = try cluster.decode(reply, from: link, as: BatchResult<F.Output>.self)
        await run.finish(unit, with: result.results())
      } catch {
        await run.fail(unit, with: error)
      }
    }
  }

  /// In this process nothing is encoded; errors look as they would from another one.
  private func runHere(_ unit: WorkUnit) -> Task<[Result<F.Output, any Error>], Never> {
    Task(executorPreference: cluster.engine) {
      var results: [Result<F.Output, any Error>] = []
      for position in unit.positions {
        do {
          results.append(.success(try await cluster.call(function, on: cluster.myid, run.inputs[position])))
        } catch {
          results.append(.failure(error))
        }
      }
      return results
    }
  }
}

import CMuster
import Synchronization

/// Sends the items of a `pmap` to the workers of a pool.
///
/// Every worker has a lane, a task that keeps it busy: while items are short two messages are under way, so that the
/// worker need not wait for the next; while they are long only one, so that no item waits behind another while a worker
/// idles. A lane keeps its worker as long as nobody else wants one from the pool.
struct PmapLanes<F: RemoteFunction>: Sendable {
  /// Items that take less than this are sent two at a time.
  private static var shortItem: UInt64 { 1_000_000 }

  let cluster: Cluster
  let function: F
  let run: PmapRun<F.Input, F.Output>
  let pool: any AbstractWorkerPool

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
    if run.hasWork { return pid }
    pool.put(pid)
    throw NoLongerNeeded()
  }

  /// Keeps one worker busy until there is no work, or it is lost.
  private func lane(_ pid: ProcessID) async {
    defer { pool.put(pid) }
    var underWay: [(unit: WorkUnit, answer: Answer)] = []
    var depth = 1
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
      let start = muster_now()
      await receive(unit, answer, from: pid)
      if !isThere(pid) || (pool.isContended && underWay.isEmpty) {
        depth = 0
      } else if depth > 0 {
        depth = muster_now() &- start < Self.shortItem * UInt64(unit.positions.count) && !pool.isContended ? 2 : 1
      }
    }
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
      await run.finish(unit, with: [cluster.decode(reply, from: link, as: F.Output.self)])
    case .batch(let link, let id):
      let reply = await link.reply(to: id)
      switch cluster.decode(reply, from: link, as: BatchResult<F.Output>.self) {
      case .success(let result): await run.finish(unit, with: result.results())
      case .failure(let error): await run.fail(unit, with: error)
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

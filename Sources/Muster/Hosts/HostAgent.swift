import Synchronization

/// The agent of one host, as process 1 knows it.
package final class HostAgent: Sendable {
  package let report: HostReport
  let link: Link
  private let cluster: Cluster
  private let workers = Mutex<[ProcessID: HostedWorker]>([:])
  private let end = Promise<String>()
  private let isReleased = Atomic<Bool>(false)

  init(report: HostReport, link: Link, cluster: Cluster) {
    self.report = report
    self.link = link
    self.cluster = cluster
  }

  /// The machine, for a placement of its workers.
  package func node(_ options: AddprocsOptions, slots: Int? = nil) -> PlacementPlan.Node {
    PlacementPlan.Node(
      name: report.host, topology: report.topology, slots: slots, reservedCores: reservedCores(options))
  }

  /// Process 1 keeps cores of its own machine for itself, and of no other.
  func reservedCores(_ options: AddprocsOptions) -> Int { report.node == .current ? options.reservedCores : 0 }

  /// Calls a function in the agent.
  private func call<F: RemoteFunction>(_ function: F, _ input: F.Input) async throws -> F.Output {
    await link.paceIfNeeded()
    let id = try cluster.sendCall(function, input, over: link)
    return try cluster.decode(await link.reply(to: id), from: link, as: F.Output.self)
  }

  /// Has workers started.
  ///
  /// - Returns: for each, its process or why there is none.
  func start(_ orders: [WorkerOrder]) async throws -> [StartWorkers.Outcome] {
    for order in orders { workers.withLock { $0[order.pid] = HostedWorker() } }
    let outcomes: [StartWorkers.Outcome]
    do { outcomes = try await call(StartWorkers(), orders) } catch {
      // Whether they have been started or not, they end with the agent.
      for order in orders { workers.withLock { $0[order.pid] = nil } }
      throw error
    }
    for (order, outcome) in zip(orders, outcomes) where outcome.osPID == nil {
      workers.withLock { $0[order.pid] = nil }
    }
    return outcomes
  }

  func worker(_ pid: ProcessID) -> HostedWorker? { workers.withLock { $0[pid] } }

  /// Waits until a worker has ended, with more and more force.
  func endWorker(_ pid: ProcessID, patience: Duration) async {
    guard worker(pid) != nil else { return }
    _ = try? await call(EndWorker(pid: pid, patience: patience.nanoseconds), Nothing())
    // The agent says so after it has passed on what the worker wrote; or it has gone, and all its workers with it.
    _ = await worker(pid)?.waitForEnd()
    workers.withLock { $0[pid] = nil }
  }

  package func signal(_ pid: ProcessID, _ signal: Int32) {
    try? cluster.cast(SignalWorker(pid: pid, signal: signal), Nothing(), over: link)
    link.flush()
  }

  func ended(_ pid: ProcessID, _ end: HostedWorker.End) { worker(pid)?.end(end) }

  /// The connection has ended: the agent ends then, if it has not already, and the workers end with it.
  func lost(_ reason: String) {
    // First: who hears of a worker's end asks whether it is that of its host.
    end.fulfil(.success(reason))
    for worker in workers.withLock({ Array($0.values) }) {
      worker.end(HostedWorker.End(reason: "host \(report.host) was lost: \(reason)", lastLines: []))
    }
  }

  /// Whether the connection has ended, or does within this time.
  func isLost(within limit: Duration) async -> Bool { await end.value(within: limit, cluster.engine) != nil }

  /// Returns whether this is the first time that it is not needed any more: its workers may be removed at the same time.
  func release() -> Bool { !isReleased.exchange(true, ordering: .relaxed) }

  /// Asks the agent to end, with all workers it has, and waits until it has.
  package func leave(atMost patience: Duration = .seconds(5)) async {
    try? cluster.cast(ExitProcess(), Nothing(), over: link)
    link.flush()
    let timer = cluster.engine.schedule(after: patience) { [link] in link.lose("it did not leave") }
    _ = try? await end.wait()
    cluster.engine.cancel(timer)
  }
}

/// A worker that an agent has started: what `ChildProcess` is for a child of this process.
final class HostedWorker: Sendable {
  struct End: Sendable {
    let reason: String
    /// What it wrote last.
    let lastLines: [String]
  }

  private let outcome = Promise<End>()

  func end(_ end: End) { outcome.fulfil(.success(end)) }

  func waitForEnd() async -> End? { try? await outcome.wait().get() }

  func waitForEnd(atMost duration: Duration, _ engine: Engine) async -> End? {
    await outcome.value(within: duration, engine)
  }
}

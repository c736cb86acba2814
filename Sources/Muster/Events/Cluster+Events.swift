import CMuster
import Logging
import Synchronization

/// Keeps what happens in this run in a file, one object of JSON a line: workers that join and leave, what they do for maps,
/// calls and bytes, memory, errors, and what the batch system says. `muster report` makes tables of it.
///
///     try recordEvents(to: "events.jsonl")
///
/// The same is had without a line of code by `MUSTER_EVENTS=events.jsonl` in the environment. The lines are described in
/// docs/decisions/0018-events.md.
///
/// - Parameter path: of the file. It is appended to: one run comes behind another.
/// - Throws: `ClusterError` `.notProcess1`; `.invalidArgument` when the file cannot be opened, is in use by another program
///   or is none of this kind, and when events are recorded already.
public func recordEvents(to path: String) throws {
  let cluster = Cluster.current
  try cluster.requireProcess1("recordEvents")
  try cluster.recordEvents(to: path)
}

/// Notes in the event log that a worker has just done a piece of work, for programs that hand out work by calls of their own:
/// `muster report` counts it as it does an item of a map. Nothing happens where no events are recorded.
///
/// - Parameters:
///   - function: what was done; not evaluated where nobody wants to know.
///   - item: its number.
///   - worker: who has done it.
///   - duration: for how long the worker was busy with it.
///   - failed: whether it came to nothing.
public func recordWork(
  _ function: @autoclosure () -> String, item: Int, on worker: ProcessID, took duration: Duration, failed: Bool = false
) {
  let cluster = Cluster.current
  guard cluster.events.isOn else { return }
  let nanoseconds = UInt64(max(0, duration.nanoseconds))
  let now = muster_now()
  let done = Event.ItemsDone(
    map: 0, worker: worker, first: item, count: 1, isFailed: failed, start: now - min(now, nanoseconds),
    duration: nanoseconds, function: function())
  cluster.events.record(.item(done))
}

extension Cluster {
  func recordEvents(to path: String) throws(ClusterError) {
    guard !events.isOn else { throw ClusterError(.invalidArgument, "recordEvents: events are recorded already") }
    let file = try EventFile(path: path)
    let job = (try? Allocation.current())??.job
    let hasBegun = events.begin(file, job: job) { [self] alsoMemory in
      recordTraffic()
      if alsoMemory { task { await self.recordMemory(of: self.members.withLock { $0.procs }) } }
    } complain: { [log] in
      log[.monitoring].warning("\($0)")
    }
    guard hasBegun else {
      throw ClusterError(.invalidArgument, "recordEvents: the events of this program have been recorded, and are over")
    }
    // Known only by asking, which takes its time.
    if job != nil { task { _ = await timeLeft() } }
  }

  /// If the environment says so. What has gone wrong with the log must not keep a job from running.
  func recordEventsIfAsked() {
    guard self === Cluster.process, myid == 1, !events.hasBegun, let path = environmentVariable("MUSTER_EVENTS")
    else { return }
    do { try recordEvents(to: path) } catch { logger(.monitoring).warning("MUSTER_EVENTS: \(error)") }
  }

  /// What is to be written down when the program ends.
  func endEvents() async {
    guard events.isOn else { return }
    await recordMemory(of: [myid])
    await events.end(on: engine)
  }

  // MARK: What has to be asked for

  private func recordTraffic() {
    for (pid, member) in members.withLock({ $0.table }) where !member.state.isGone { recordTraffic(of: pid, member) }
  }

  /// What went over the connections to a worker so far, if there is something new.
  func recordTraffic(of pid: ProcessID, _ member: Members.Member) {
    guard events.isOn else { return }
    let links = (member.link.map { [$0] } ?? []) + member.otherLinks
    let traffic = links.reduce(Traffic()) { $0 + $1.traffic }
    if events.isNews(traffic, of: pid) { events.record(.traffic(pid, traffic)) }
  }

  /// Asks all of them at once. Who does not answer has something more important to do, or has gone.
  func recordMemory(of pids: [ProcessID]) async {
    guard events.isOn else { return }
    await withDiscardingTaskGroup { group in
      for pid in pids { group.addTask { [self] in await recordMemory(of: pid) } }
    }
  }

  private func recordMemory(of pid: ProcessID) async {
    let answer = Promise<Int>()
    let question = task { [self] in
      if let peak = try? await call(ReportMemory(), on: pid, Nothing()) { answer.fulfil(.success(peak)) }
    }
    defer { question.cancel() }
    if let peak = await answer.value(within: .seconds(1), engine), peak > 0 { events.record(.memory(pid, peak: peak)) }
  }

  // MARK: Workers come and go

  func recordArrival(of arrival: Arrival, manager: String) {
    events.record(
      .joined(
        Event.Arrived(
          worker: arrival.info.pid, host: arrival.info.host, cpus: arrival.cpus.count, manager: manager,
          osPID: arrival.info.osPID, rank: arrival.rank)))
  }

  /// - Parameter member: what it was before.
  func recordDeparture(of pid: ProcessID, _ member: Members.Member, reason: String) {
    recordTraffic(of: pid, member)
    if member.state == .leaving { return events.record(.removed(pid)) }
    noteError(ProcessExitedError(pid: pid, reason: reason))
    events.record(.lost(pid, host: member.info.host, reason: reason))
  }
}

extension Cluster {
  /// What becomes of items that have failed.
  func recordFailure<Output: Sendable>(
    of unit: WorkUnit, in map: Int, _ error: any Error, _ decision: FailurePolicy<Output>.Decision
  ) {
    guard events.isOn else { return }
    let isRetried = if case .retry = decision { true } else { false }
    events.record(
      .failure(
        Event.FailedItems(
          map: map, positions: unit.positions, attempt: unit.attempt + 1, isRetried: isRetried,
          worker: Self.worker(of: error), error: "\(error)")))
  }

  /// Says what a job waits for.
  func tellQueueState(_ component: LogComponent, _ text: String) {
    logger(component).notice("\(text)")
    events.record(.scheduler(text))
  }
}

import Logging

/// A job of our own, and the agents that it starts.
struct PBSSubmission: Sendable {
  let queue: PBSQueue
  private let request: PBSRequest
  private let required: Int
  private let agents: HostAgents
  private let files: PBSInvitations
  /// Of this process's end, as long as there is the job.
  var guardian: PBSGuard { files.guardian }
  private let clock: LaunchClock
  private let timeout: Duration

  /// Submits it.
  init(_ count: Int, _ pbs: PBSOptions, _ options: AddprocsOptions) async throws {
    timeout = options.timeout
    required = options.atLeast ?? count
    request = PBSRequest(dialect: try await PBSQueue.dialect(), workers: count, options: pbs)
    agents = try HostAgents.expect(count, options)
    clock = LaunchClock(agents, options.timeout, Cluster.current)
    do {
      files = try PBSInvitations(agents.invitation, options, in: pbs.sharedDirectory)
      try files.directory.write(files.scripts.job(request), to: "job")
      do {
        queue = try await PBSQueue.submit(request, script: "\(files.directory.path)/job", by: files.guardian)
      } catch {
        await Cluster.current.shielded { [files] in await files.guardian.end() }
        throw error
      }
    } catch {
      agents.close()
      throw error
    }
    Cluster.current.logger(.pbs).info("PBS job \(queue.job) has been submitted for \(count) workers")
  }

  /// Waits until its agents have arrived, or cannot any more.
  func run(_ arrivals: PBSArrivals) async throws {
    defer {
      agents.close()
      files.directory.remove()
    }
    defer { clock.stop() }
    let watcher = Task(executorPreference: Cluster.current.engine) { try await watch(arrivals) }
    defer { watcher.cancel() }
    var expected = request.workers
    while arrivals.count < expected {
      do {
        let agent = try await agents.next(within: .seconds(1 << 32))
        let variables = agent.report.variables
        func number(_ name: String) -> Int? { variables[name].flatMap { Int($0) } }
        arrivals.add(
          agent, order: number("PBS_MUSTER_NODE") ?? 0, workers: number("PBS_MUSTER_WORKERS") ?? 1)
        expected = number("PBS_MUSTER_NODES") ?? expected
      } catch let error as ClusterError {
        arrivals.complain(await complaint(error))
        return
      }
    }
  }

  private func complaint(_ error: ClusterError) async -> String {
    let said = files.directory.lines(of: PBSScripts.log).suffix(20).map { "\n    | \($0)" }.joined()
    guard error.code == .timeout else { return error.message + said }
    return "not all that job \(queue.job) has started have called back within \(timeout) (options.timeout): it is "
      + (await queue.outlook().summary) + said
  }

  /// Says how the job is when that changes, and stops the clock while it waits, until nothing more can be expected of it.
  private func watch(_ arrivals: PBSArrivals) async throws {
    var known = ""
    var waiting: Int?
    let begin = ContinuousClock.now
    while true {
      let outlook = await queue.outlook()
      try Task.checkCancellation()
      if outlook.summary != known { Cluster.current.tellQueueState(.pbs, "PBS job \(queue.job): \(outlook.summary)") }
      known = outlook.summary
      if let failure = failure(outlook, arrivals.count) { return agents.fail(ClusterError(.launchFailed, failure)) }
      let now = outlook.status.map { $0.queuedElements ?? ($0.isWaiting ? request.workers : 0) } ?? waiting ?? 0
      // Whatever has begun last has the whole time.
      if now >= request.workers - arrivals.count { clock.stop() } else if now != waiting { clock.start() }
      waiting = now
      // Who submits wants to know soon; a job that waits for hours must not cost the server much.
      try await Task.sleep(for: min(.seconds(10), max(.seconds(1), (ContinuousClock.now - begin) / 10)))
    }
  }

  /// Why not enough agents can be expected any more, if so: of an array those of its elements that have ended have started
  /// no worker, and will not.
  private func failure(_ outlook: PBSQueue.Outlook, _ arrived: Int) -> String? {
    // Torque shows one element for all: the others may be better off.
    let isOfOne = request.isArray && outlook.status.map { $0.isOver && $0.endedElements == nil } == true
    if let failure = outlook.failure, !isOfOne { return failure }
    guard request.isArray else { return nil }
    let lines = files.directory.lines(of: PBSScripts.ended)
    let ended = max(outlook.status?.endedElements ?? (isOfOne ? 1 : 0), lines.count)
    let isHopeless = request.workers - ended < required || arrived + ended >= request.workers
    guard ended > 0, isHopeless else { return nil }
    return "\(ended) of the \(request.workers) elements of job \(queue.job) have ended without having started a worker"
      + (lines.isEmpty ? "" : " (\(lines.prefix(10).joined(separator: "; ")))")
  }
}

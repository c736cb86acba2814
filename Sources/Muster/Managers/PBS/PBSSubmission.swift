import Logging

/// A job of our own, and the agents that it starts.
struct PBSSubmission: Sendable {
  let queue: PBSQueue
  private let request: PBSRequest
  private let agents: HostAgents
  private let files: PBSInvitations
  /// Of this process's end, as long as there is the job.
  var guardian: PBSGuard { files.guardian }
  private let deadline: ContinuousClock.Instant
  private let timeout: Duration

  /// Submits it.
  init(_ count: Int, _ pbs: PBSOptions, _ options: AddprocsOptions) async throws {
    deadline = .now + options.timeout
    timeout = options.timeout
    request = PBSRequest(dialect: try await PBSQueue.dialect(), workers: count, options: pbs)
    agents = try HostAgents.expect(count, options)
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
    Cluster.current.logger.info("PBS job \(queue.job) has been submitted for \(count) workers")
  }

  /// Waits until its agents have arrived, or cannot any more.
  func run(_ arrivals: PBSArrivals) async throws {
    defer {
      agents.close()
      files.directory.remove()
    }
    let watcher = Task(executorPreference: Cluster.current.engine) { try await watch() }
    defer { watcher.cancel() }
    var expected = request.workers
    while arrivals.count < expected {
      do {
        let agent = try await agents.next(within: deadline - .now)
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
    let said = files.directory.lastLines(of: PBSScripts.log).map { "\n    | \($0)" }.joined()
    guard error.code == .timeout else { return error.message + said }
    return "not all workers of job \(queue.job) have started within \(timeout) (options.timeout): it is "
      + (await queue.outlook().summary) + said
  }

  /// Says how the job is when that changes, until nothing more can be expected of it.
  private func watch() async throws {
    var known = ""
    let begin = ContinuousClock.now
    while true {
      let (failure, summary) = await queue.outlook()
      try Task.checkCancellation()
      if summary != known { Cluster.current.logger.notice("PBS job \(queue.job): \(summary)") }
      known = summary
      if let failure { return agents.fail(ClusterError(.launchFailed, failure)) }
      // Who submits wants to know soon; a job that waits for hours must not cost the server much.
      try await Task.sleep(for: min(.seconds(10), max(.seconds(1), (ContinuousClock.now - begin) / 10)))
    }
  }
}

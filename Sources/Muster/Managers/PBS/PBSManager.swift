import Synchronization

/// Starts workers through PBS: OpenPBS, PBS Pro, Torque.
///
/// `PBSManager()` inside a job starts a worker for each line of `$PBS_NODEFILE`, on the hosts of the job. `PBSManager(np:)`
/// anywhere submits a job of its own for so many workers, waits for it as long as that takes, and deletes it when they have
/// gone. `options.timeout` begins when the job, or an element of an array, does.
public final class PBSManager: ClusterManager, CustomStringConvertible {
  enum Kind: Sendable {
    /// In the job that this process runs in.
    case inside([PBSStarter])
    case submit(Int, PBSOptions)
  }

  /// The agents of one `addprocs`, and their job.
  private struct Launch: Sendable {
    let arrivals = PBSArrivals()
    let lease = PBSLease()
  }

  let kind: Kind
  /// What `workerCount(_:)` has got, for the `launch` that follows.
  private let prepared = Mutex<[Launch]>([])
  private let leases: PBSLeases
  private let fleet: HostFleet

  /// Workers in the job that this process runs in.
  ///
  /// - Parameters:
  ///   - starter: what starts them on the other hosts; by default the first that works.
  ///   - exitTimeout: as in `LocalManager`.
  public convenience init(starter: PBSStarter? = nil, exitTimeout: Duration = .seconds(5)) {
    self.init(.inside(starter.map { [$0] } ?? PBSStarter.allCases), exitTimeout)
  }

  /// Workers in a job of their own.
  ///
  /// - Parameters:
  ///   - np: how many.
  ///   - pbs: what is asked of PBS for them.
  ///   - exitTimeout: as in `LocalManager`.
  public convenience init(np: Int, _ pbs: PBSOptions = PBSOptions(), exitTimeout: Duration = .seconds(5)) {
    self.init(.submit(np, pbs), exitTimeout)
  }

  private init(_ kind: Kind, _ exitTimeout: Duration) {
    self.kind = kind
    let leases = PBSLeases()
    self.leases = leases
    fleet = HostFleet(exitTimeout: exitTimeout) { agent in await leases.agentLeft(agent) }
  }

  public var description: String {
    switch kind {
    case .inside: "PBSManager()"
    case .submit(let count, _): "PBSManager(np: \(count))"
    }
  }

  public func workerCount() throws -> Int {
    switch kind {
    case .inside: return try PBSAllocation(currentEnvironment()).workers
    case .submit(let count, let options):
      try options.validate()
      guard (1...Word.largestCount).contains(count) else {
        throw ClusterError(
          .invalidArgument, "PBSManager: np is \(count): it must be from 1 to \(Word.largestCount)")
      }
      return count
    }
  }

  public func needsNetwork(_ options: AddprocsOptions) -> Bool { true }

  /// Submits the job, if it is to be one of our own, and waits for its agents: the time in the queue is no time of a
  /// launch.
  public func workerCount(_ options: AddprocsOptions) async throws -> Int {
    let count = try workerCount()
    guard case .submit(_, let pbs) = kind else { return count }
    try options.validate(count: count)
    let launch = Launch()
    try await withdrawing(launch) {
      let submission = try await PBSSubmission(count, pbs, options)
      launch.lease.begin(submission.queue, submission.guardian)
      try await submission.run(launch.arrivals)
      try launch.arrivals.requireRoom(for: count, options)
    }
    prepared.withLock { $0.append(launch) }
    return count
  }

  public func launch(_ request: LaunchRequest) async throws {
    let launch = prepared.withLock { $0.isEmpty ? Launch() : $0.removeFirst() }
    try await withdrawing(launch) {
      if case .inside(let starters) = kind {
        let inside = PBSInsideLaunch(try PBSAllocation(currentEnvironment()), request.options)
        try await inside.run(starters, launch.arrivals)
      }
      leases.add(launch.lease, for: launch.arrivals.agents)
      try await launch.arrivals.launch(request, fleet)
    }
  }

  public func cancelLaunch() async {
    while let launch = prepared.withLock({ $0.popLast() }) { await withdraw(launch) }
  }

  /// What has been started is not needed if `body` fails.
  private func withdrawing(_ launch: Launch, _ body: () async throws -> Void) async throws {
    do { try await body() } catch {
      await withdraw(launch)
      throw error
    }
  }

  /// Also where this task has been cancelled: with patience.
  private func withdraw(_ launch: Launch) async {
    await Cluster.current.shielded { [leases] in
      leases.remove(launch.arrivals.agents)
      await launch.arrivals.dismiss()
      await launch.lease.end()
    }
  }

  public func kill(_ pid: ProcessID, _ config: WorkerConfig) async throws { await fleet.kill(pid) }

  public func lossReason(_ pid: ProcessID, _ config: WorkerConfig) async -> String? {
    guard let reason = await fleet.lossReason(pid) else { return nil }
    let end = await fleet.agent(of: pid).flatMap { leases.lease(of: $0) }?.failure()
    return reason + (end.map { " (PBS: \($0))" } ?? "")
  }
}

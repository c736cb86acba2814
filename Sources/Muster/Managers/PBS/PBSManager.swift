/// Starts workers through PBS: OpenPBS, PBS Pro, Torque.
///
/// `PBSManager()` inside a job starts a worker for each line of `$PBS_NODEFILE`, on the hosts of the job. `PBSManager(np:)`
/// anywhere submits a job of its own for so many workers, and deletes it when they have gone; the time in the queue counts
/// towards `options.timeout`.
public final class PBSManager: ClusterManager, CustomStringConvertible {
  enum Kind: Sendable {
    /// In the job that this process runs in.
    case inside([PBSStarter])
    case submit(Int, PBSOptions)
  }

  let kind: Kind
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

  public func launch(_ request: LaunchRequest) async throws {
    let arrivals = PBSArrivals()
    let lease = PBSLease()
    do {
      switch kind {
      case .inside(let starters):
        let launch = PBSInsideLaunch(try PBSAllocation(currentEnvironment()), request.options)
        try await launch.run(starters, arrivals)
      case .submit(let count, let options):
        let submission = try await PBSSubmission(count, options, request.options)
        lease.begin(submission.queue, submission.guardian)
        try await submission.run(arrivals)
      }
      leases.add(lease, for: arrivals.agents)
      try await arrivals.launch(request, fleet)
    } catch {
      // Also where this task has been cancelled: with patience.
      await Cluster.current.shielded { [leases] in
        leases.remove(arrivals.agents)
        await arrivals.dismiss()
        await lease.end()
      }
      throw error
    }
  }

  public func kill(_ pid: ProcessID, _ config: WorkerConfig) async throws { await fleet.kill(pid) }

  public func lossReason(_ pid: ProcessID, _ config: WorkerConfig) async -> String? {
    guard let reason = await fleet.lossReason(pid) else { return nil }
    let end = await fleet.agent(of: pid).flatMap { leases.lease(of: $0) }?.failure()
    return reason + (end.map { " (PBS: \($0))" } ?? "")
  }
}

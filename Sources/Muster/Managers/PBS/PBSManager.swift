import Synchronization

/// Starts workers through PBS: OpenPBS, PBS Pro, Torque.
///
/// `PBSManager()` inside a job starts a worker for each line of `$PBS_NODEFILE`, on the hosts of the job. `PBSManager(np:)`
/// anywhere submits a job of its own for so many workers, waits for it as long as that takes, and deletes it when they have
/// gone. `options.timeout` begins when the job, or an element of an array, does.
public final class PBSManager: ClusterManager, CustomStringConvertible {
  private enum Kind: Sendable {
    /// In the job that this process runs in.
    case inside([PBSStarter])
    case submit(Int, PBSOptions)
  }

  private let kind: Kind
  /// What `workerCount(_:)` has got, for the `launch` that follows.
  private let prepared = Mutex<PBSArrivals?>(nil)
  private let lease = PBSLease()
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
    fleet = HostFleet(exitTimeout: exitTimeout) { [lease] _ in await lease.agentLeft() }
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
    let arrivals = PBSArrivals()
    try await withdrawingIfItFails(arrivals) {
      let submission = try await PBSSubmission(count, pbs, options)
      lease.begin(submission.queue)
      try await submission.run(arrivals)
      try arrivals.requireRoom(for: count, options)
    }
    prepared.withLock { $0 = arrivals }
    return count
  }

  public func launch(_ request: LaunchRequest) async throws {
    let arrivals = prepared.withLock { $0.take() } ?? PBSArrivals()
    try await withdrawingIfItFails(arrivals) {
      if case .inside(let starters) = kind {
        let launch = PBSInsideLaunch(try PBSAllocation(currentEnvironment()), request.options)
        try await launch.run(starters, arrivals)
      }
      lease.hold(by: arrivals.count)
      try await arrivals.launch(request, fleet)
    }
  }

  public func cancelLaunch() async {
    if let arrivals = prepared.withLock({ $0.take() }) { await withdraw(arrivals) }
  }

  private func withdrawingIfItFails(_ arrivals: PBSArrivals, _ body: () async throws -> Void) async throws {
    do { try await body() } catch {
      await withdraw(arrivals)
      throw error
    }
  }

  /// What has been started is not needed.
  private func withdraw(_ arrivals: PBSArrivals) async {
    await arrivals.dismiss()
    await lease.end()
  }

  public func kill(_ pid: ProcessID, _ config: WorkerConfig) async throws { await fleet.kill(pid) }

  public func lossReason(_ pid: ProcessID, _ config: WorkerConfig) async -> String? {
    guard let reason = await fleet.lossReason(pid) else { return nil }
    let end = await lease.queue?.outlook(within: .seconds(2)).failure
    return reason + (end.map { " (PBS: \($0))" } ?? "")
  }
}

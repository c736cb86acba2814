import CMuster
import Glibc
import Synchronization

/// How much time the batch system leaves this job; `nil` outside of a job of Slurm (also in one of PBS or LSF, which are
/// not asked), and where there is no limit.
///
/// Slurm is asked (`squeue`) once a minute at most, as an administrator or the user may change the limit while a job runs.
public func timeLeft() async -> Duration? { await AllocationClock.shared.timeLeft() }

/// When the allocation that this process runs in ends.
final class AllocationClock: Sendable {
  static let shared = AllocationClock()
  private static let patience: UInt64 = 60_000_000_000

  private struct Reading: Sendable {
    /// On the monotonic clock; `nil`: never.
    let end: UInt64?
    let asked: UInt64
  }

  private let latest = Mutex<Reading?>(nil)

  func timeLeft() async -> Duration? {
    guard let end = await end() else { return nil }
    return .nanoseconds(Int64(clamping: Int128(end) - Int128(muster_now())))
  }

  /// In monotonic nanoseconds.
  private func end() async -> UInt64? {
    if let reading = latest.withLock({ $0 }), muster_now() &- reading.asked < Self.patience { return reading.end }
    guard let job = SlurmEnvironment.ownJob(currentEnvironment()) else { return nil }
    let asked = muster_now()
    let left = await SlurmCommand.output(
      "squeue", ["--noheader", "--jobs=\(job)", "--format=%L"], within: .seconds(10))
    // Slurm may not answer at the moment: what it has said before holds, and what it says in each job's environment.
    guard let left else { return latest.withLock { $0?.end } ?? Self.endOfEnvironment(now: asked) }
    let reading = Reading(end: SlurmTime.shortest(left).map { asked &+ UInt64($0.nanoseconds) }, asked: asked)
    latest.withLock { $0 = reading }
    if let end = reading.end { Cluster.current.events.record(.timeLeft(Double(end &- asked) * 1e-9)) }
    return reading.end
  }

  /// Slurm 23.02 and later tell each job, in seconds of 1970.
  private static func endOfEnvironment(now: UInt64) -> UInt64? {
    guard let seconds = environmentVariable("SLURM_JOB_END_TIME").flatMap(Int64.init) else { return nil }
    let left = seconds - Int64(time(nil))
    return UInt64(clamping: Int64(now) + left * 1_000_000_000)
  }
}

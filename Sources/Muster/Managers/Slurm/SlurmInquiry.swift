import Glibc

/// Asks Slurm why a worker was lost. Slurm finds out slowly: a step's end is known at once, a node's only when it has been
/// silent for a while (`SlurmdTimeout`).
struct SlurmInquiry {
  /// For how long Slurm is asked.
  private static let patience: Duration = .seconds(3)

  let srun: Srun
  let node: String

  /// In words; `nil` if Slurm knows of nothing.
  func explanation(job: String?, task: Int?) async -> String? {
    let clock = ContinuousClock()
    let deadline = clock.now + Self.patience
    while true {
      let loss = await ask(job: job)
      if let explanation = loss.explanation { return explanation }
      if let task, let end = SlurmLoss.end(of: task, in: loss.messages) { return "its agent has ended: \(end)" }
      guard clock.now < deadline else { return nil }
      // srun may say more, up to its end.
      if await srun.waitForEnd(atMost: .milliseconds(500)) { return await ask(job: job).explanation }
    }
  }

  private func ask(job: String?) async -> SlurmLoss {
    // First: what becomes of a job is known to the controller before srun hears of it.
    var loss = SlurmLoss(messages: srun.report.lines, node: node)
    async let jobRecord = job == nil ? nil : show("job", job!)
    async let nodeRecord = show("node", node)
    loss.job = await jobRecord
    loss.nodeState = await nodeRecord
    if let job, SlurmLoss.value("JobState", in: loss.job) != "RUNNING" {
      loss.accounting = await SlurmCommand.output(
        "sacct", ["--noheader", "--parsable2", "--allocations", "--format=State", "--jobs=\(job)"], within: .seconds(2))
      loss.cancellerName = loss.canceller.flatMap(uid_t.init).flatMap(Self.userName)
    }
    return loss
  }

  /// The name of a user, if this machine knows it.
  private static func userName(of user: uid_t) -> String? {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16 << 10) { buffer -> String? in
      let failure = getpwuid_r(user, &entry, buffer.baseAddress!, buffer.count, &found)
      guard failure == 0, found != nil else { return nil }
      return entry.pw_name.map { String(cString: $0) }
    }
  }

  private func show(_ kind: String, _ name: String) async -> String? {
    await SlurmCommand.output("scontrol", ["--oneliner", "show", kind, name], within: .seconds(2))
  }
}

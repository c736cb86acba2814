import Logging

/// One job in the queue of PBS: submitted, looked at, deleted.
struct PBSQueue: Sendable {
  let dialect: PBSDialect
  let job: PBSJobID

  /// Which PBS this is.
  ///
  /// - Throws: `ClusterError` `.launchFailed` where there is none.
  static func dialect() async throws -> PBSDialect {
    guard let qsub = PBSCommand.path(of: "qsub") else {
      throw ClusterError(.launchFailed, "PBSManager: there is no qsub here: submit from a host that has PBS's commands")
    }
    let answer = try await PBSCommand.run([qsub, "--version"])
    guard let dialect = PBSDialect(versionAnswer: answer.output) else {
      throw ClusterError(
        .launchFailed,
        "PBSManager: \(qsub) is of no PBS that is known here: it answers --version with '\(answer.output.prefix(200))'")
    }
    return dialect
  }

  /// Submits a job. A cancelled task hears of it, too: the server may have taken the job by then.
  ///
  /// - Throws: `ClusterError` `.launchFailed` with what qsub has said.
  static func submit(_ request: PBSRequest, script: String, by guardian: PBSGuard) async throws -> PBSQueue {
    let words = ["qsub"] + request.arguments + [script]
    let outcome = await Cluster.current.shielded { () -> Result<PBSCommand.Result, any Error> in
      do { return .success(try await guardian.submit(words)) } catch { return .failure(error) }
    }
    let answer = try outcome.get()
    guard answer.code == 0 else {
      throw ClusterError(
        .launchFailed, "PBSManager: " + PBSRefusal.describe("qsub", code: answer.code, output: answer.output))
    }
    guard let job = PBSJobID(submission: answer.output) else {
      throw ClusterError(
        .launchFailed, "PBSManager: qsub has printed no job id, but '\(answer.output.trimmed.prefix(200))'")
    }
    return PBSQueue(dialect: request.dialect, job: job)
  }

  enum State: Sendable {
    case there(PBSJobStatus)
    case gone
    /// Why that could not be found out.
    case unknown(String)
  }

  /// How the job is.
  func state(within limit: Duration) async -> State {
    do {
      let answer = try await PBSCommand.run(["qstat", "-f", job.description], within: limit)
      if let status = PBSJobStatus(answer.output) { return .there(status) }
      if PBSRefusal.isGone(answer.code) { return .gone }
      return .unknown(PBSRefusal.describe("qstat", code: answer.code, output: answer.output))
    } catch {
      return .unknown("\(error)")
    }
  }

  /// What is to be expected of a job.
  struct Outlook: Sendable {
    /// Why nothing more, if so.
    var failure: String?
    /// What people want to know meanwhile.
    let summary: String
    /// What the batch system says of it, if it does.
    var status: PBSJobStatus?
  }

  /// What is to be expected of the job.
  func outlook(within limit: Duration = .seconds(30)) async -> Outlook {
    switch await state(within: limit) {
    case .gone: return Outlook(failure: "job \(job) has been deleted, or has ended", summary: "gone")
    case .unknown(let reason): return Outlook(summary: reason)
    case .there(let status):
      var outlook = Outlook(summary: status.summary, status: status)
      if status.canNeverRun {
        outlook.failure = "job \(job) can never run: \(status.comment!)"
      } else if status.isOver {
        outlook.failure = "job \(job) is over: it is \(status.summary)"
      }
      return outlook
    }
  }

  /// Deletes the job, unless it is over: with force if need be.
  func delete() async {
    var complaint = ""
    for words in [["qdel"], dialect == .openPBS ? ["qdel", "-W", "force"] : ["qdel"]] {
      do {
        let answer = try await PBSCommand.run(words + [job.description])
        if answer.code == 0 || PBSRefusal.isGone(answer.code) { return }
        complaint = PBSRefusal.describe("qdel", code: answer.code, output: answer.output)
      } catch {
        complaint = "\(error)"
      }
    }
    Cluster.current.logger(.pbs).warning("PBS job \(job) may still be there: \(complaint)")
  }
}

/// Why a worker was lost, from what Slurm says in several places; a plain value.
///
/// srun's exit status is not among them: after a node failure it was 0.
struct SlurmLoss: Sendable {
  /// What srun wrote to standard error.
  var messages: [String] = []
  /// The worker's node.
  var node: String?
  /// `scontrol --oneliner show job`
  var job: String?
  /// `scontrol --oneliner show node`
  var nodeState: String?
  /// `sacct --noheader --parsable2 --format=State`, where there is accounting.
  var accounting: String?
  /// The name of the user whose number is in `accounting`.
  var cancellerName: String?

  /// In words; `nil` where Slurm knows of nothing.
  var explanation: String? {
    if let word = cause { return message(for: word).map { "\(word) (\($0))" } ?? word }
    return nil
  }

  private static let phrases: [(text: String, cause: String)] = [
    ("DUE TO TIME LIMIT", "the job's time limit was reached"), ("DUE TO PREEMPTION", "the job was preempted"),
    ("DUE TO JOB REQUEUE", "the job was requeued"), ("DUE TO JOB NOT RUNNING", "the job had ended"),
    ("oom-kill", "out of memory"), ("oom_kill", "out of memory"), ("Out Of Memory", "out of memory"),
    ("exceeded memory limit", "out of memory"), ("exceeded job memory limit", "out of memory"),
    ("exceeded step memory limit", "out of memory"),
  ]

  private var cause: String? {
    if let node, isMentioned(node, "Node failure on") || isMentioned(node, "DUE TO NODE FAILURE") {
      return "node \(node) failed"
    }
    for (text, cause) in Self.phrases where messages.contains(where: { $0.contains(text) }) { return cause }
    if let failure = causeOfState { return failure }
    if messages.contains(where: { $0.contains("CANCELLED AT") }) { return cancelled }
    // What slurmstepd says of it is lost with slurmstepd now and then; srun's own word is not.
    return causeOfNode ?? (messages.contains { $0.contains(Self.aborted) } ? cancelled : nil)
  }

  /// srun says so when the controller has ended its step.
  private static let aborted = "Job step aborted"

  /// What the whole job came to.
  private var causeOfState: String? {
    let state =
      accounting.flatMap { $0.split(whereSeparator: \.isNewline).first.map(String.init) }
      ?? Self.value("JobState", in: job)
    switch state?.split(separator: " ").first?.trimmingSuffix("+") {
    case "TIMEOUT", "DEADLINE": return "the job's time limit was reached"
    case "PREEMPTED": return "the job was preempted"
    case "OUT_OF_MEMORY": return "out of memory"
    case "NODE_FAIL": return node.map { "a node of the job failed (the worker was on \($0))" } ?? "a node failed"
    case "CANCELLED": return cancelled
    case "REVOKED": return "the job was revoked"
    default: return nil
    }
  }

  private var cancelled: String {
    guard let canceller else { return "the job or step was cancelled" }
    return "the job was cancelled by user \(cancellerName ?? canceller)"
  }

  /// The number of the user who has cancelled the job (`CANCELLED by 1001`).
  var canceller: String? {
    let words = accounting?.split(whereSeparator: \.isWhitespace) ?? []
    return words.count >= 3 && words[0] == "CANCELLED" && words[1] == "by" ? String(words[2]) : nil
  }

  private var causeOfNode: String? {
    guard let node, let state = Self.value("State", in: nodeState) else { return nil }
    let flags = state.split { "+*$~#!%@^-".contains($0) }
    let isGone =
      flags.contains("DOWN") || flags.contains("NOT_RESPONDING") || flags.contains("FAIL") || state.contains("*")
    guard isGone else { return nil }
    let reason = nodeState.flatMap { $0.components(after: " Reason=") }.map { ": \($0)" } ?? ""
    return "node \(node) does not respond (Slurm's state \(state)\(reason))"
  }

  /// srun's own words for it.
  private func message(for cause: String) -> String? {
    let words =
      Self.phrases.filter { $0.cause == cause }.map(\.text) + ["Node failure", "NODE FAILURE", "CANCELLED AT"]
    return messages.last { message in words.contains { message.contains($0) } }
      ?? messages.last { $0.contains(Self.aborted) }
  }

  private func isMentioned(_ node: String, _ phrase: String) -> Bool {
    messages.contains { message in
      message.contains(phrase)
        && message.split { !($0.isLetter || $0.isNumber || "-_.".contains($0)) }.contains { $0 == node }
    }
  }

  /// The value of `name=` in what scontrol says of one thing.
  static func value(_ name: String, in record: String?) -> String? {
    record?.split(separator: " ").first { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) }
  }

  /// Which tasks of which nodes have ended how, as srun says: `srun: error: node1: tasks 0-1: Killed`.
  static func end(of task: Int, in messages: [String]) -> String? {
    for message in messages.reversed() {
      guard let range = message.components(after: ": task"), let colon = range.firstIndex(of: ":") else { continue }
      let list = range[..<colon].drop { $0 == "s" || $0 == " " }
      let isIn = list.split(separator: ",").contains { item in
        let ends = item.split(separator: "-").compactMap { Int($0) }
        return ends.count == 2 ? (ends[0]...max(ends[0], ends[1])).contains(task) : ends == [task]
      }
      if isIn { return String(range[range.index(after: colon)...].drop { $0 == " " }) }
    }
    return nil
  }
}

extension StringProtocol {
  fileprivate func components(after marker: String) -> String? {
    var rest = self[...]
    while !rest.isEmpty {
      if rest.hasPrefix(marker) { return String(rest.dropFirst(marker.count)) }
      rest = rest.dropFirst()
    }
    return nil
  }

  fileprivate func trimmingSuffix(_ suffix: Character) -> String { String(last == suffix ? dropLast() : self[...]) }
}

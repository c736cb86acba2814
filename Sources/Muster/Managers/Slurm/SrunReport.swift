/// What srun has said so far; a plain value.
struct SrunReport: Sendable {
  private static let keptLines = 200

  private(set) var lines: [String] = []
  /// The job that it has asked for, once it says so.
  private(set) var job: String?
  private(set) var isQueued = false

  /// What an agent says of itself: srun does not name a job for which it had not to wait.
  mutating func learn(job: String?) { self.job = self.job ?? job }

  /// Takes in a line of standard error.
  mutating func hear(_ line: String) {
    lines.append(line)
    if lines.count > Self.keptLines { lines.removeFirst() }
    // srun: job 12 queued and waiting for resources
    let words = line.split(separator: " ")
    guard words.count > 3, words[0] == "srun:", words[1] == "job" else { return }
    if line.hasSuffix("queued and waiting for resources") {
      job = String(words[2])
      isQueued = true
    } else if line.hasSuffix("has been allocated resources") {
      isQueued = false
    }
  }
}

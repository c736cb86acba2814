/// What the exit codes of OpenPBS's commands mean (23.06: the last eight bits of its PBSE numbers).
enum PBSRefusal {
  private static let meanings: [Int: String] = [
    1: "a bad #PBS line, or a script with DOS line ends", 2: "an option that it does not know",
    5: "resources asked for in two ways", 35: "the job has finished", 153: "no such job",
    162: "the server does not answer", 166: "a value that it does not accept", 170: "no such queue",
    175: "this user may not submit jobs (root never may)", 187: "no such resource",
    188: "more than the limits of the queue allow",
  ]

  /// The job is not there any more.
  static func isGone(_ code: Int) -> Bool { code == 35 || code == 153 }

  /// For people: what was tried, and what came of it.
  static func describe(_ command: String, code: Int, output: String) -> String {
    let meaning = meanings[code].map { ", which means \($0)" } ?? ""
    let said = output.trimmed
    return "\(command) has failed with exit status \(code)\(meaning)" + (said.isEmpty ? "" : ": \(said.prefix(2_000))")
  }
}

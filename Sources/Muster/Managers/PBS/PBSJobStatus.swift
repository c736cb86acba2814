/// What `qstat -f` says of a job.
///
/// Its text is read, not its JSON: OpenPBS writes values there as what they look like, so that `007` becomes 7.
struct PBSJobStatus: Sendable, Hashable {
  /// All that is told, as it is told.
  let attributes: [String: String]

  /// Reads the first job of the text.
  ///
  /// Attributes are indented, by spaces in PBS and by a tab in Slurm's imitation; a line that is indented in another way
  /// goes on with the one before.
  init?(_ text: String) {
    var attributes: [String: String] = [:]
    var indent: Substring?
    var name: String?
    for line in text.split(whereSeparator: \.isNewline) {
      if line.hasPrefix("Job Id") {
        if indent != nil { break }
        continue
      }
      let space = line.prefix { $0 == " " || $0 == "\t" }
      guard !space.isEmpty else { continue }
      indent = indent ?? space
      if space == indent, let equals = line.firstRange(of: " = ") {
        name = line[..<equals.lowerBound].trimmed
        attributes[name!] = String(line[equals.upperBound...])
      } else if let name {
        attributes[name]! += line.trimmed
      }
    }
    guard attributes["job_state"] != nil else { return nil }
    self.attributes = attributes
  }

  var state: String { attributes["job_state"] ?? "?" }
  var comment: String? { attributes["comment"] }

  /// Whether it is over: finished (F, and X for an element of an array), completed (C in Torque) or ending (E).
  var isOver: Bool { ["F", "X", "C", "E"].contains(state) }

  /// How many elements of an array wait to be run, and how many have ended; `nil` where that is not told. OpenPBS does:
  /// `array_state_count = Queued:1 Running:2 Exiting:0 Expired:0`.
  var queuedElements: Int? { elements("Queued") }
  var endedElements: Int? { elements("Expired") }

  private func elements(_ state: String) -> Int? {
    let counts = attributes["array_state_count"]?.split(separator: " ")
    return counts?.first { $0.hasPrefix("\(state):") }.flatMap { Int($0.dropFirst(state.utf8.count + 1)) }
  }

  /// Whether it has not begun: queued, held, waiting for its time or being moved.
  var isWaiting: Bool { ["Q", "H", "W", "T", "M"].contains(state) }

  /// OpenPBS accepts a job that no node could ever run, and says so here.
  var canNeverRun: Bool { comment?.contains("Can Never Run") == true }

  /// For people.
  var summary: String {
    let names = [
      "Q": "queued", "H": "held", "W": "waiting for its time", "T": "being moved", "R": "running", "B": "running",
      "S": "suspended", "E": "ending", "F": "finished", "X": "finished", "C": "completed",
      "M": "moved to another server",
    ]
    let exit = (attributes["Exit_status"] ?? attributes["exit_status"]).map { " with exit status \($0)" } ?? ""
    return (names[state] ?? "in state \(state)") + exit + (comment.map { " (\($0))" } ?? "")
  }
}

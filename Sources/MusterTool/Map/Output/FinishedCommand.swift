/// What is left of a command to be written.
struct FinishedCommand: Sendable {
  let sequence: Int
  var arguments: [Bytes] = []
  var output = HeldOutput.memory([])
  var errors = HeldOutput.memory([])
  /// Written when the output is out.
  var log: JoblogLine?
}

/// Output that waits to be written.
enum HeldOutput: Sendable {
  case memory(Bytes)
  case file(SpillFile.Extent)

  var memory: Int { if case .memory(let bytes) = self { bytes.count } else { 0 } }

  var size: Int {
    switch self {
    case .memory(let bytes): bytes.count
    case .file(let extent): extent.size
    }
  }
}

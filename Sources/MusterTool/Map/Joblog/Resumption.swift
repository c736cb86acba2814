/// What earlier runs have done, from their joblog (`--resume`): a plain value.
///
/// A command is known again by its text, so an input that has grown or was sorted anew does no harm; equal ones count as
/// often as they are there. Where the text depends on the slot it runs in, only the number can tell.
struct Resumption: Equatable, Sendable {
  private var byText: [Bytes: Int] = [:]
  private var bySequence: Set<Int> = []

  private struct Command: Hashable {
    let sequence: Int
    let text: Bytes
  }

  /// Up to here the joblog is whole: what follows was being written when that run ended, and is to be cut off.
  private(set) var validSize = 0
  private(set) var hasHeading = false

  /// Nothing is done yet.
  init() {}

  /// - Parameters:
  ///   - file: the joblog.
  ///   - repeatsFailed: those that failed are not done (`--resume-failed`).
  /// - Returns: `nil` if it is no joblog.
  init?(_ file: Bytes, repeatsFailed: Bool) {
    var latest: [Command: Bool] = [:]
    var lines = file.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    // What is behind the last newline is no line, or none yet.
    let torn = lines.popLast() ?? []
    validSize = file.count - torn.count
    for (index, bytes) in lines.enumerated() {
      if index == 0 {
        guard (bytes + [UInt8(ascii: "\n")]).elementsEqual(JoblogLine.heading.utf8) else { return nil }
        hasHeading = true
        continue
      }
      guard let line = JoblogLine(bytes) else { return nil }
      if line.isFinal { latest[Command(sequence: line.sequence, text: line.command)] = line.succeeded }
    }
    if lines.isEmpty, !JoblogLine.heading.utf8.starts(with: torn) { return nil }
    for (command, succeeded) in latest where succeeded || !repeatsFailed {
      byText[command.text, default: 0] += 1
      bySequence.insert(command.sequence)
    }
  }

  /// Whether a command is done; to be asked once for each.
  mutating func takes(_ command: CommandText, sequence: Int) -> Bool {
    guard command.parts.count == 1 else { return bySequence.contains(sequence) }
    guard let count = byText[command.parts[0]] else { return false }
    byText[command.parts[0]] = count > 1 ? count - 1 : nil
    return true
  }
}

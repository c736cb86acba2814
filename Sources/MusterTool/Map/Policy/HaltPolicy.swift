/// When to stop before all commands have run (`--halt`), in GNU parallel's words: `never`, `now,fail=1`, `soon,done=10%`.
struct HaltPolicy: Equatable, Sendable {
  enum When: String, Sendable {
    /// Kill what runs.
    case now
    /// Start nothing more.
    case soon
  }

  enum Why: String, Sendable {
    case fail, success, done
  }

  enum Limit: Equatable, Sendable {
    case count(Int)
    case percent(Int)
  }

  var when: When
  var why: Why
  var limit: Limit

  /// All commands run, no matter what.
  static let never = HaltPolicy(when: .soon, why: .done, limit: .count(.max))

  /// What GNU parallel's older words are short for.
  private static let abbreviations = [
    "1": "soon,fail=1", "2": "now,fail=1", "-1": "soon,success=1", "-2": "now,success=1",
  ]

  init(when: When, why: Why, limit: Limit) {
    self.when = when
    self.why = why
    self.limit = limit
  }

  /// - Returns: `nil` for what is not a policy.
  init?(_ text: String) {
    if ["never", "0"].contains(text) {
      self = .never
      return
    }
    let text = Self.abbreviations[text] ?? (Self.percent(text) != nil ? "soon,fail=\(text)" : text)
    let parts = text.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let when = When(rawValue: String(parts[0])) else { return nil }
    let reason = parts[1].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard reason.count == 2, let why = Why(rawValue: String(reason[0])) else { return nil }
    if let percent = Self.percent(String(reason[1])) {
      self.init(when: when, why: why, limit: .percent(percent))
    } else if let count = Int(reason[1]), count > 0 {
      self.init(when: when, why: why, limit: .count(count))
    } else {
      return nil
    }
  }

  private static func percent(_ text: String) -> Int? {
    guard text.hasSuffix("%"), let number = Int(text.dropLast()), (1...100).contains(number) else { return nil }
    return number
  }

  /// Whether the number of commands must be known, and the input be read to its end first.
  var needsTotal: Bool { if case .percent = limit { true } else { false } }

  /// Whether it is time.
  ///
  /// - Parameter total: of all commands, where it is known.
  func isMet(by tally: Tally, total: Int?) -> Bool {
    let count = count(in: tally)
    switch limit {
    case .count(let limit): return count >= limit
    case .percent(let percent):
      guard let total, total > 0 else { return false }
      return count * 100 >= percent * total
    }
  }

  /// What `muster map` exits with when it was stopped by the end of a command.
  ///
  /// - Parameter last: the exit status of that command, as a shell has it.
  func exitStatus(_ tally: Tally, last: Int32, total: Int?) -> Int32 {
    switch (limit, why) {
    case (_, .success): 0
    case (.count(1), _): last
    default: exitStatus(tally, total: total)
    }
  }

  /// The same when it was not stopped: with a percentage that of the failures, rounded up.
  func exitStatus(_ tally: Tally, total: Int?) -> Int32 {
    guard case .percent = limit, let total, total > 0 else { return tally.exitStatus }
    return Int32(min(100, (tally.failed * 100 + total - 1) / total))
  }

  private func count(in tally: Tally) -> Int {
    switch why {
    case .fail: tally.failed
    case .success: tally.succeeded
    case .done: tally.done
    }
  }
}

/// How many commands have ended how.
struct Tally: Equatable, Sendable {
  var succeeded = 0
  var failed = 0

  var done: Int { succeeded + failed }

  mutating func count(_ succeeds: Bool) {
    if succeeds { succeeded += 1 } else { failed += 1 }
  }

  /// The number of failed commands, as far as an exit status tells: GNU parallel's 101 stands for more than 100.
  var exitStatus: Int32 { Int32(min(failed, 101)) }
}

/// A command that a worker is to run.
struct CommandOrder: Codable, Sendable {
  let sequence: Int
  let text: CommandText
}

/// How it ended, and what it wrote.
struct CommandOutcome: Codable, Sendable {
  enum Fate: Int, Codable, Sendable {
    case ended
    case timedOut
    /// Killed, because the map is over.
    case stopped
    /// Given back: others may be able to start it sooner.
    case notStarted
  }

  var fate: Fate
  /// As wait(2) reports it.
  var status: Int32 = 0
  /// Seconds since 1970.
  var start = 0.0
  /// Seconds.
  var runtime = 0.0
  var slot = 0
  var output = CapturedOutput()
  var errors = CapturedOutput()

  var signal: Int32 { status & 0x7f }
  var exitCode: Int32 { (status >> 8) & 0xff }
  var succeeded: Bool { fate == .ended && status == 0 }

  /// Of a command that has not come to an end of its own, as GNU parallel has it.
  static let unknownStatus: Int32 = 255

  /// As a shell has it.
  var shellStatus: Int32 {
    if fate == .timedOut { return Self.unknownStatus }
    return signal != 0 ? 128 + signal : exitCode
  }
}

/// What a command has written to one of its streams: small, or kept at the worker until it is asked for.
struct CapturedOutput: Codable, Sendable {
  var bytes: Bytes = []
  /// Names what the worker keeps; 0: nothing.
  var kept = 0
  var blocks = 0
  var size = 0
}

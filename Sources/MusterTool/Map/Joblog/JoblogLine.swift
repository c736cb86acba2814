/// A line of a joblog, in GNU parallel's columns.
struct JoblogLine: Equatable, Sendable {
  static let heading = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n"

  var sequence: Int
  var host: String
  /// Seconds since 1970.
  var start: Double
  /// Seconds.
  var runtime: Double
  /// Bytes of standard output.
  var received: Int
  /// What the command exited with; -1 for one that was killed for its time, or lost with its worker.
  var exitValue: Int32
  /// What killed it, or 0; -1 for one that was lost with its worker, and ran again.
  var signal: Int32
  var command: Bytes

  /// Whether it has come to an end of its own: `--resume` takes it for done.
  var isFinal: Bool { signal != -1 }
  var succeeded: Bool { exitValue == 0 && signal == 0 }

  /// With its newline. Newlines of the command are written as GNU parallel does, as a zero byte.
  var bytes: Bytes {
    let columns = [
      "\(sequence)", host, Self.seconds(start), Self.padded(Self.seconds(runtime)), "0", "\(received)", "\(exitValue)",
      "\(signal)", "",
    ]
    return columns.joined(separator: "\t").bytes + command.map { $0 == UInt8(ascii: "\n") ? 0 : $0 }
      + [UInt8(ascii: "\n")]
  }

  /// From a whole line, without its newline; `nil` for the heading and what is no line of a joblog.
  init?(_ line: some Collection<UInt8>) {
    let columns = line.split(separator: UInt8(ascii: "\t"), maxSplits: 8, omittingEmptySubsequences: false)
    guard columns.count == 9 else { return nil }
    let texts = columns.dropLast().map { $0.text.filter { $0 != " " } }
    guard let sequence = Int(texts[0]), let start = Double(texts[2]), let runtime = Double(texts[3]),
      let received = Int(texts[5]), let exitValue = Int32(texts[6]), let signal = Int32(texts[7])
    else { return nil }
    self.init(
      sequence: sequence, host: texts[1], start: start, runtime: runtime, received: received, exitValue: exitValue,
      signal: signal, command: columns[8].map { $0 == 0 ? UInt8(ascii: "\n") : $0 })
  }

  init(
    sequence: Int, host: String, start: Double, runtime: Double, received: Int, exitValue: Int32, signal: Int32,
    command: Bytes
  ) {
    self.sequence = sequence
    self.host = host
    self.start = start
    self.runtime = runtime
    self.received = received
    self.exitValue = exitValue
    self.signal = signal
    self.command = command
  }

  /// Three decimals, ten characters at least.
  private static func seconds(_ value: Double) -> String {
    let thousandths = Int((value * 1000).rounded())
    let rest = "\(1000 + thousandths % 1000)".dropFirst()
    return "\(thousandths / 1000).\(rest)"
  }

  private static func padded(_ text: String) -> String {
    String(repeating: " ", count: max(0, 10 - text.utf8.count)) + text
  }
}

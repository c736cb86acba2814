import Glibc
import Muster

/// A command that is run to its end, within a time.
struct CommandOutput: Sendable {
  let code: Int32
  /// What it has written, on either stream, up to a mebibyte.
  let text: String

  /// What timeout(1) exits with for a command that took too long.
  var hasTakenTooLong: Bool { code == 124 || code == 137 }

  /// - Returns: `nil` if there is no such command.
  static func of(_ words: [String], within seconds: Int) async -> CommandOutput? {
    guard path(of: words[0]) != nil else { return nil }
    // Reading waits: the Engine has more threads than CPUs for that, and Swift's own pool has not.
    return try? await Task.onCluster { run(words, seconds) }.value
  }

  private static func run(_ words: [String], _ seconds: Int) -> CommandOutput? {
    let quoted = words.map { Quoting()($0.bytes).text }
    guard let pipe = popen("exec timeout -k 1 \(seconds) \(quoted.joined(separator: " ")) 2>&1 </dev/null", "re") else {
      return nil
    }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while case let count = fread(&chunk, 1, chunk.count, pipe), count > 0 {
      if bytes.count < 1 << 20 { bytes += chunk[..<count] }
    }
    let status = pclose(pipe)
    return CommandOutput(
      code: status & 0x7f != 0 ? 128 + (status & 0x7f) : (status >> 8) & 0xff,
      text: String(decoding: bytes, as: UTF8.self))
  }

  /// Where a command is, in PATH.
  static func path(of name: String) -> String? {
    let folders = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
    return folders.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }
}

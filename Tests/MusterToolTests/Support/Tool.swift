import Foundation
import Glibc
import Testing

/// The command itself, as built, in a process of its own.
enum Tool {
  struct Result {
    let code: Int32
    let output: String
    let errors: String

    /// A terminal's end with a carriage return.
    var lines: [String] { output.split(whereSeparator: \.isNewline).map(String.init) }
  }

  /// Where the executable is: beside the test runner.
  static let path: String = {
    let runner = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    return runner.deletingLastPathComponent().appendingPathComponent("muster").path
  }()

  /// Runs it to its end.
  ///
  /// - Parameter environment: in addition to that of the tests, of which the job that they may run in is taken out.
  static func run(
    _ arguments: [String], environment: [String: String] = [:], input: String = ""
  ) throws -> Result {
    try execute([path] + arguments, environment: environment, input: input)
  }

  /// The same on a terminal of its own, so many characters wide; both streams are its output.
  static func runOnTerminal(
    _ arguments: [String], width: Int = 80, environment: [String: String] = [:]
  ) throws -> Result {
    let words = ([path] + arguments).map(quoted).joined(separator: " ")
    return try execute(
      ["script", "--quiet", "--return", "--command", "stty cols \(width); \(words)", "/dev/null"],
      environment: ["TERM": "xterm", "SHELL": "/bin/sh"].merging(environment) { $1 }, input: "")
  }

  static func quoted(_ word: String) -> String { "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'" }

  /// Runs a shell command.
  static func shell(_ command: String) throws -> Result {
    try execute(["/bin/sh", "-c", command], environment: [:], input: "")
  }

  /// Nothing here may take longer than a minute.
  private static func execute(_ words: [String], environment: [String: String], input: String) throws -> Result {
    let directory = NSTemporaryDirectory() + "tool-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try input.write(toFile: "\(directory)/in", atomically: true, encoding: .utf8)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "\(directory)/in", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "\(directory)/out", O_WRONLY | O_CREAT, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, "\(directory)/err", O_WRONLY | O_CREAT, 0o600)
    var variables = ProcessInfo.processInfo.environment.filter { name, _ in
      !["SLURM_", "PBS_", "LSB_"].contains { name.hasPrefix($0) } && !["NO_COLOR", "COLUMNS"].contains(name)
    }
    variables.merge(environment) { $1 }
    let arguments = (["timeout", "60"] + words).map { strdup($0) } + [nil]
    let environment = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in arguments + environment { free(pointer) } }
    var pid: pid_t = 0
    let failure = posix_spawnp(&pid, "timeout", &actions, nil, arguments, environment)
    try #require(failure == 0, "cannot start \(words): \(String(cString: strerror(failure)))")
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    func text(_ name: String) -> String { (try? String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8)) ?? "" }
    let code = status & 0x7f != 0 ? -(status & 0x7f) : (status >> 8) & 0xff
    return Result(code: code, output: text("out"), errors: text("err"))
  }

  /// A file of this repository.
  static func fixture(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../Fixtures/\(name)")
      .standardizedFileURL.path
  }
}

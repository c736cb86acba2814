import Foundation
import Glibc
import Testing

/// One of the scenarios of ClusterPrograms, as a process of its own in a process group of its own. Its output goes to
/// files; its descendants are known by a variable in their environment, whoever their parent is by now.
final class RunningProgram {
  let pid: pid_t
  let mark: String
  private let directory: String
  private var status: Int32?

  /// Where the executable is: beside the test runner.
  static var path: String {
    let runner = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    return runner.deletingLastPathComponent().appendingPathComponent("ClusterPrograms").path
  }

  init(_ arguments: [String], environment: [String: String] = [:]) throws {
    directory = NSTemporaryDirectory() + "cluster-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    mark = "CLUSTER_TEST_MARK=\(UUID().uuidString)"

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "\(directory)/out", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, "\(directory)/err", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))

    let variables =
      ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { "\($0.key)=\($0.value)" } + [mark]
    let argumentPointers = ([Self.path] + arguments).map { strdup($0) } + [nil]
    let variablePointers = variables.map { strdup($0) } + [nil]
    defer { for pointer in argumentPointers + variablePointers { free(pointer) } }
    var pid: pid_t = 0
    let result = posix_spawn(&pid, Self.path, &actions, &attributes, argumentPointers, variablePointers)
    try #require(result == 0, "cannot start \(Self.path): \(String(cString: strerror(result)))")
    self.pid = pid
  }

  deinit {
    if status == nil {
      kill(pid, SIGKILL)
      waitpid(pid, nil, 0)
    }
    for pid in ProcessTable.alive(withVariable: mark) { kill(pid, SIGKILL) }
    try? FileManager.default.removeItem(atPath: directory)
  }

  var output: String { (try? String(contentsOfFile: "\(directory)/out", encoding: .utf8)) ?? "" }
  var errors: String { (try? String(contentsOfFile: "\(directory)/err", encoding: .utf8)) ?? "" }
  var outputLines: [String] { output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }

  /// Its process and its workers', as long as they run.
  var processes: [Int32] { ProcessTable.alive(withVariable: mark) }
  var workers: [Int32] { processes.filter { $0 != pid } }

  /// How it ended, if it has: the status of wait(2).
  var exitStatus: Int32? {
    if let status { return status }
    var raw: Int32 = 0
    guard waitpid(pid, &raw, WNOHANG) == pid else { return nil }
    status = raw
    return raw
  }

  /// The exit code; minus the signal if it was killed by one.
  var exitCode: Int32? { exitStatus.map { $0 & 0x7f != 0 ? -($0 & 0x7f) : ($0 >> 8) & 0xff } }

  /// Waits until it has printed this.
  func waitForOutput(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let found = await eventually(within: .seconds(30), "the program prints '\(text)'", sourceLocation: sourceLocation) {
      output.contains(text) || exitStatus != nil
    }
    try #require(
      found && output.contains(text), "it ended (\(exitCode ?? 0)) or hangs; out: \(output) err: \(errors)",
      sourceLocation: sourceLocation)
  }

  /// Waits until it has ended; returns its exit code, or minus the signal.
  func waitForExit(within limit: Duration = .seconds(30), sourceLocation: SourceLocation = #_sourceLocation)
    async throws
    -> Int32
  {
    let ended = await eventually(within: limit, "the program ends", sourceLocation: sourceLocation) {
      exitStatus != nil
    }
    try #require(ended, "out: \(output) err: \(errors)", sourceLocation: sourceLocation)
    return exitCode!
  }

  /// Checks that none of its processes is left, within a second and some allowance for a machine under load.
  func expectNothingLeft(within limit: Duration = .seconds(5), sourceLocation: SourceLocation = #_sourceLocation) async
  {
    await eventually(within: limit, "all its processes end", sourceLocation: sourceLocation) { processes.isEmpty }
  }

  /// Runs one to its end.
  static func run(_ arguments: [String], environment: [String: String] = [:], within limit: Duration = .seconds(60))
    async throws -> (code: Int32, output: String, errors: String)
  {
    let program = try RunningProgram(arguments, environment: environment)
    let code = try await program.waitForExit(within: limit)
    await program.expectNothingLeft()
    return (code, program.output, program.errors)
  }
}

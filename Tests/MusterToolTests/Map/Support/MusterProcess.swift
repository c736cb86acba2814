import Foundation
import Glibc
import Synchronization
import Testing

/// The command `muster` itself, as a process of its own in a process group of its own. What it writes goes to files; what
/// it starts is known by a variable in its environment, wherever that has moved.
final class MusterProcess: Sendable {
  /// What a standard stream is connected to.
  enum Stream {
    case file
    /// A descriptor of ours, such as the other side of a terminal.
    case descriptor(Int32)
  }

  let pid: pid_t
  let directory: String
  private let mark: String
  private let status = Mutex<Int32?>(nil)

  /// Where the executable is: beside the test runner.
  static var path: String {
    let runner = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    return runner.deletingLastPathComponent().appendingPathComponent("muster").path
  }

  /// - Parameters:
  ///   - input: what it finds on its standard input.
  ///   - directory: where it works; a new one if `nil`. Removed with this object.
  init(
    _ arguments: [String], input: String? = nil, inputDescriptor: Int32? = nil, errors: Stream = .file,
    environment: [String: String] = [:], directory: String? = nil
  ) throws {
    self.directory = try directory ?? Self.makeDirectory()
    mark = "MUSTER_TEST_MARK=\(UUID().uuidString)"
    try (input ?? "").write(toFile: "\(self.directory)/in", atomically: false, encoding: .utf8)

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let inputDescriptor {
      posix_spawn_file_actions_adddup2(&actions, inputDescriptor, 0)
    } else {
      posix_spawn_file_actions_addopen(&actions, 0, "\(self.directory)/in", O_RDONLY, 0)
    }
    let flags = O_WRONLY | O_CREAT | O_APPEND
    posix_spawn_file_actions_addopen(&actions, 1, "\(self.directory)/out", flags, 0o600)
    switch errors {
    case .file: posix_spawn_file_actions_addopen(&actions, 2, "\(self.directory)/err", flags, 0o600)
    case .descriptor(let descriptor): posix_spawn_file_actions_adddup2(&actions, descriptor, 2)
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))

    var variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    variables["SHELL"] = variables["SHELL"] ?? "/bin/sh"
    let words: [String] = [Self.path] + arguments
    let assignments: [String] = variables.map { "\($0.key)=\($0.value)" } + [mark]
    let argumentPointers = words.map { strdup($0) } + [nil]
    let variablePointers = assignments.map { strdup($0) } + [nil]
    defer { for pointer in argumentPointers + variablePointers { free(pointer) } }
    var pid: pid_t = 0
    let result = posix_spawn(&pid, Self.path, &actions, &attributes, argumentPointers, variablePointers)
    try #require(result == 0, "cannot start \(Self.path): \(String(cString: strerror(result)))")
    self.pid = pid
  }

  deinit {
    if status.withLock({ $0 }) == nil {
      kill(pid, SIGKILL)
      waitpid(pid, nil, 0)
    }
    for pid in processes { kill(pid, SIGKILL) }
    try? FileManager.default.removeItem(atPath: directory)
  }

  static func makeDirectory() throws -> String {
    let directory = NSTemporaryDirectory() + "muster-tool-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    return directory
  }

  var output: String { text("out") }
  var errors: String { text("err") }
  var outputLines: [String] {
    output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }

  /// What is in a file of its directory.
  func text(_ file: String) -> String {
    (try? Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(file)"))).map { String(decoding: $0, as: UTF8.self) }
      ?? ""
  }

  /// What runs and was started by it, itself included; zombies have no environment.
  var processes: [Int32] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int32($0) }.filter { pid in
      let environment = try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(pid)/environ"))
      return environment?.split(separator: 0).contains { $0.elementsEqual(mark.utf8) } ?? false
    }
  }

  /// How it ended, if it has: its exit status, or minus the signal.
  var exitCode: Int32? {
    status.withLock { status in
      if status == nil {
        var raw: Int32 = 0
        guard waitpid(pid, &raw, WNOHANG) == pid else { return nil }
        status = raw & 0x7f != 0 ? -(raw & 0x7f) : (raw >> 8) & 0xff
      }
      return status
    }
  }

  func waitForExit(within limit: Duration = .seconds(60), sourceLocation: SourceLocation = #_sourceLocation)
    async throws
    -> Int32
  {
    let ended = await eventually(within: limit, "muster ends", sourceLocation: sourceLocation) { exitCode != nil }
    try #require(ended, "out: \(output.prefix(1000)) err: \(errors.prefix(1000))", sourceLocation: sourceLocation)
    return exitCode!
  }

  /// Checks that nothing of it is left.
  func expectNothingLeft(sourceLocation: SourceLocation = #_sourceLocation) async {
    await eventually(within: .seconds(20), "all its processes end", sourceLocation: sourceLocation) {
      processes.isEmpty
    }
  }

  /// Runs one to its end.
  static func run(
    _ arguments: String..., input: String? = nil, environment: [String: String] = [:],
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> (code: Int32, output: String, errors: String) {
    try await run(arguments, input: input, environment: environment, sourceLocation: sourceLocation)
  }

  static func run(
    _ arguments: [String], input: String? = nil, environment: [String: String] = [:],
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> (code: Int32, output: String, errors: String) {
    let process = try MusterProcess(arguments, input: input, environment: environment)
    let code = try await process.waitForExit(sourceLocation: sourceLocation)
    await process.expectNothingLeft(sourceLocation: sourceLocation)
    return (code, process.output, process.errors)
  }
}

/// Looks again and again until a condition holds; records an issue when it does not within the limit.
@discardableResult
func eventually(
  within limit: Duration = .seconds(30), _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () throws -> Bool
) async rethrows -> Bool {
  let deadline = ContinuousClock.now + limit
  while true {
    if try condition() { return true }
    guard ContinuousClock.now < deadline else {
      Issue.record("not within \(limit): \(what)", sourceLocation: sourceLocation)
      return false
    }
    try? await Task.sleep(for: .milliseconds(10))
  }
}

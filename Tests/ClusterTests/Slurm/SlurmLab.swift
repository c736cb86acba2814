import Foundation
import Glibc
import Synchronization
import Testing

/// A real Slurm cluster on this machine (Tests/Lab/slurm): node1, node2 and node3, with two CPUs each.
final class SlurmLab: Sendable {
  static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../Lab/slurm").standardized.path

  /// Why there can be none; `nil`: there can.
  static let obstacle: String? = {
    if geteuid() != 0 { return "a Slurm cluster of our own needs root (it is made of network namespaces)" }
    for tool in ["slurmctld", "slurmd", "munged", "ip", "nsenter"] {
      let isThere = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].contains { access("\($0)/\(tool)", X_OK) == 0 }
      if !isThere { return "\(tool) is missing (scripts/install-packages test)" }
    }
    let made = run(["ip", "netns", "add", "muster-\(getpid())"])
    guard made.code == 0 else { return "no network namespaces here: \(made.errors)" }
    _ = run(["ip", "netns", "del", "muster-\(getpid())"])
    return nil
  }()

  /// Why there can be none with accounting.
  static let obstacleToAccounting: String? =
    obstacle
    ?? ["slurmdbd", "mariadbd"].first { access("/usr/sbin/\($0)", X_OK) != 0 }
    .map { "\($0) is missing (scripts/install-packages test)" }

  let directory: String

  /// - Parameter hasAccounting: sacct knows of its jobs. Many clusters have none.
  init(hasAccounting: Bool) throws {
    directory = NSTemporaryDirectory() + "muster-slurm-\(getpid())"
    try? FileManager.default.removeItem(atPath: directory)
    // It goes down by itself should this process be killed.
    let options = ["--nodes", "3", "--with", "\(getpid())"] + (hasAccounting ? ["--accounting", "yes"] : [])
    let up = Self.run([Self.script, "up", directory] + options, within: 60)
    try #require(up.code == 0, "\(up.errors)")
    // Where Slurm's commands, and so Muster, find it.
    setenv("SLURM_CONF", directory + "/slurm.conf", 1)
    try FileManager.default.createDirectory(atPath: directory + "/jobs", withIntermediateDirectories: true)
  }

  func down() {
    let down = Self.run([Self.script, "down", directory], within: 60)
    #expect(down.code == 0, "\(down.errors)")
    unsetenv("SLURM_CONF")
    try? FileManager.default.removeItem(atPath: directory)
  }

  /// The cluster of the tests that run; they share one.
  private static let running = Mutex<SlurmLab?>(nil)
  static var shared: SlurmLab { running.withLock { $0! } }

  static func use(_ lab: SlurmLab?) { running.withLock { $0 = lab } }

  // MARK: What may happen to a node

  func node(_ name: String, _ action: String) {
    let result = Self.run([Self.script, "node", directory, name, action])
    #expect(result.code == 0, "\(name) \(action): \(result.errors)")
  }

  /// Processes of ours on a node, or anywhere if it is `nil`: agents and workers are started with --worker.
  func workers(on node: String? = nil) -> [String] {
    let namespaces = (node.map { [$0] } ?? ["node1", "node2", "node3"]).compactMap { namespace(of: $0) }
    return ProcessTable.all.filter { pid in
      let line = ProcessTable.commandLine(of: pid)
      guard ProcessTable.isAlive(pid), line.count > 1, line[1] == "--worker" else { return false }
      let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/uts")
      return own.map { namespaces.contains($0) } ?? false
    }.map { "\($0): \(ProcessTable.commandLine(of: $0).joined(separator: " "))" }
  }

  private func namespace(of node: String) -> String? {
    guard let pid = try? String(contentsOfFile: directory + "/run/\(node).init", encoding: .utf8) else { return nil }
    return try? FileManager.default.destinationOfSymbolicLink(
      atPath: "/proc/\(pid.trimmingCharacters(in: .whitespacesAndNewlines))/ns/uts")
  }

  /// No step, no job and no process of ours is left on any node.
  func expectNothingLeft(sourceLocation: SourceLocation = #_sourceLocation) async {
    await eventually(within: .seconds(30), "no job is left", sourceLocation: sourceLocation) {
      Self.run(["squeue", "-h"]).output.isEmpty
    }
    await eventually("no process is left on a node", sourceLocation: sourceLocation) { workers().isEmpty }
  }

  /// Waits until all nodes can be used.
  func waitUntilIdle(sourceLocation: SourceLocation = #_sourceLocation) async {
    await eventually(within: .seconds(40), "all nodes are idle", sourceLocation: sourceLocation) {
      Self.run(["sinfo", "-h", "-p", "debug", "-t", "idle", "-o", "%D"]).output == "3\n"
    }
  }

  // MARK: Jobs

  /// The program with the scenarios.
  static var program: String { RunningProgram.path }

  func path(_ name: String) -> String { directory + "/jobs/" + name }

  func text(_ name: String) -> String { (try? String(contentsOfFile: path(name), encoding: .utf8)) ?? "" }

  /// Submits a job; returns its number.
  func submit(
    _ options: [String], _ arguments: [String], output: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> String {
    let command = ([Self.program] + arguments).map { "'\($0)'" }.joined(separator: " ")
    try? FileManager.default.removeItem(atPath: path(output))
    let result = Self.run(
      ["sbatch", "--parsable", "-D", directory + "/jobs", "-o", path(output)] + options + ["--wrap", "exec \(command)"])
    try #require(result.code == 0, "\(result.errors)", sourceLocation: sourceLocation)
    return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  func state(of job: String) -> String {
    let words = Self.run(["scontrol", "-o", "show", "job", job]).output.split(separator: " ")
    return words.first { $0.hasPrefix("JobState=") }.map { String($0.dropFirst("JobState=".count)) } ?? "?"
  }

  /// Waits until a job has ended; returns its state.
  func waitForEnd(
    of job: String, within limit: Duration = .seconds(60), sourceLocation: SourceLocation = #_sourceLocation
  ) async -> String {
    let active = ["PENDING", "RUNNING", "COMPLETING", "CONFIGURING", "?"]
    await eventually(within: limit, "job \(job) ends", sourceLocation: sourceLocation) {
      !active.contains(state(of: job))
    }
    return state(of: job)
  }

  func waitForOutput(
    _ text: String, in name: String, within limit: Duration = .seconds(30),
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let found = await eventually(within: limit, "'\(text)' in \(name)", sourceLocation: sourceLocation) {
      self.text(name).contains(text)
    }
    try #require(found, "\(self.text(name))", sourceLocation: sourceLocation)
  }

  // MARK: Commands

  struct Outcome: Sendable {
    let code: Int32
    let output: String
    let errors: String
  }

  /// Runs a command to its end.
  @discardableResult
  static func run(_ words: [String], environment: [String: String] = [:], within seconds: Int = 30) -> Outcome {
    let settings = environment.merging(["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]) { $1 }
    let line =
      ["/usr/bin/env"] + settings.map { "\($0)=\($1)" } + ["/usr/bin/timeout", "--kill-after=5", "\(seconds)"] + words
    let errors = NSTemporaryDirectory() + "errors-\(UUID().uuidString)"
    defer { unlink(errors) }
    let result = Shell.run("exec \(line.map(quoted).joined(separator: " ")) 2>'\(errors)'")
    return Outcome(
      code: result.code, output: result.output, errors: (try? String(contentsOfFile: errors, encoding: .utf8)) ?? "")
  }

  /// As a word for a shell.
  private static func quoted(_ word: String) -> String {
    "'\(word.replacingOccurrences(of: "'", with: "'\\''"))'"
  }
}

/// Tests in a Slurm cluster, which they share; nothing may be left in it after each.
struct SlurmLabTrait: SuiteTrait, TestScoping {
  let hasAccounting: Bool
  let isRecursive = false

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    let obstacle = hasAccounting ? SlurmLab.obstacleToAccounting : SlurmLab.obstacle
    guard obstacle == nil else { return try await function() }
    let lab = try SlurmLab(hasAccounting: hasAccounting)
    SlurmLab.use(lab)
    defer {
      SlurmLab.use(nil)
      lab.down()
    }
    try await function()
  }
}

extension Trait where Self == SlurmLabTrait {
  static var slurmLab: Self { Self(hasAccounting: false) }
  static var slurmLabWithAccounting: Self { Self(hasAccounting: true) }
}

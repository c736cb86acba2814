import Foundation
import Glibc
import Testing

/// The stand-in for OpenPBS (Tests/Lab/pbs), whose commands are found as long as `body` runs.
///
/// - Parameter nodes: such as `n1:4`, with four CPUs; by default three of these.
func withPBS<Value>(nodes: [String] = [], _ body: (PBSLab) async throws -> Value) async throws -> Value {
  let lab = try PBSLab(nodes)
  let result: Result<Value, any Error>
  do { result = .success(try await leavingNothingBehind { try await body(lab) }) } catch { result = .failure(error) }
  await lab.down()
  return try result.get()
}

final class PBSLab {
  let directory: String
  private var saved: [String: String?] = [:]

  /// Where the commands are found, of the stand-in and others.
  var path: String { "\(directory)/bin:" + (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin") }

  fileprivate init(_ nodes: [String]) throws {
    directory = NSTemporaryDirectory() + "pbs-lab-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try Self.run(["up", directory] + nodes)
    set("PATH", path)
    set("HOME", directory)
  }

  /// Sets a variable of this process until the lab is over.
  func set(_ name: String, _ value: String?) {
    if saved[name] == nil { saved[name] = .some(getenv(name).map { String(cString: $0) }) }
    if let value { setenv(name, value, 1) } else { unsetenv(name) }
  }

  /// Lets the stand-in behave in another way.
  func set(switch name: String, _ text: String = "") throws {
    try text.write(toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8)
  }

  /// Writes a program.
  func write(_ script: String, to path: String) throws {
    try script.write(toFile: path, atomically: true, encoding: .utf8)
    chmod(path, 0o755)
  }

  func clear(switch name: String) { try? FileManager.default.removeItem(atPath: "\(directory)/\(name)") }

  /// As if this process were the script of a job with these lines in its node file.
  func enterJob(_ lines: [String]) throws {
    let job = "\(directory)/jobs/99"
    try FileManager.default.createDirectory(atPath: job, withIntermediateDirectories: true)
    for (name, text) in ["state": "R\n", "id": "99.head\n", "nodefile": lines.joined(separator: "\n") + "\n"] {
      try text.write(toFile: "\(job)/\(name)", atomically: true, encoding: .utf8)
    }
    set("PBS_JOBID", "99.head")
    set("PBS_NODEFILE", "\(job)/nodefile")
    set("PBS_O_WORKDIR", directory)
  }

  /// Removes a command, as where a site has not installed it.
  func remove(command: String) { try? FileManager.default.removeItem(atPath: "\(directory)/bin/\(command)") }

  /// Replaces a command.
  func replace(command: String, with script: String) throws {
    remove(command: command)
    try write("#!/bin/sh\n\(script)\n", to: "\(directory)/bin/\(command)")
  }

  /// The states of all jobs that were submitted, `F` for those that are over.
  var jobs: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(directory)/jobs")) ?? []
    return names.filter { $0 != "99" }.sorted().map { name in
      ((try? String(contentsOfFile: "\(directory)/jobs/\(name)/state", encoding: .utf8)) ?? "?").trimmingCharacters(
        in: .whitespacesAndNewlines)
    }
  }

  /// The nodes on which pbsdsh or pbs_tmrsh has started something for the job of `enterJob`.
  var nodesWithTasks: [String] {
    ((try? String(contentsOfFile: "\(directory)/jobs/99/tasks", encoding: .utf8)) ?? "").split(separator: "\n")
      .map(String.init).sorted()
  }

  /// Directories with secrets that were not removed.
  var secrets: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).filter { $0.hasPrefix(".muster-") }
  }

  fileprivate func down() async {
    await eventually(within: .seconds(15), "all jobs are over: \(jobs)") { jobs.allSatisfy { $0 == "F" } }
    #expect(secrets.isEmpty)
    try? Self.run(["down", directory])
    for (name, value) in saved {
      if let value { setenv(name, value, 1) } else { unsetenv(name) }
    }
    try? FileManager.default.removeItem(atPath: directory)
  }

  private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../Lab/pbs").standardizedFileURL.path

  private static func run(_ arguments: [String]) throws {
    let result = shell("'\(script)' " + arguments.joined(separator: " "))
    try #require(result.code == 0, "\(result.output)")
  }
}

/// Runs a command of the shell, whatever daemons it may leave: unlike Foundation's, which waits until nobody has any of
/// its descriptors open.
func shell(_ command: String) -> (code: Int32, output: String) {
  let file = NSTemporaryDirectory() + "shell-\(UUID().uuidString)"
  defer { try? FileManager.default.removeItem(atPath: file) }
  let status = system("(\(command)) >'\(file)' 2>&1 </dev/null")
  return (status >> 8, (try? String(contentsOfFile: file, encoding: .utf8)) ?? "")
}

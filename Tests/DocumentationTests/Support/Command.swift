import Foundation
import Glibc
import Testing

/// A command as built, in a process of its own, for a minute at most.
struct Command {
  let code: Int32
  let output: String
  let errors: String

  /// A program of this package: beside the test runner.
  static func path(_ name: String) -> String {
    URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .appendingPathComponent(name).path
  }

  static func run(_ words: [String]) throws -> Command {
    let directory = NSTemporaryDirectory() + "documentation-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["timeout", "--kill-after=5", "60"] + words
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try file("\(directory)/out")
    process.standardError = try file("\(directory)/err")
    try process.run()
    process.waitUntilExit()
    return Command(
      code: process.terminationStatus, output: try String(contentsOfFile: "\(directory)/out", encoding: .utf8),
      errors: try String(contentsOfFile: "\(directory)/err", encoding: .utf8))
  }

  /// That of the tests, without the job that they may run in. Open MPI refuses to run as root unless it is told twice.
  private static var environment: [String: String] {
    let outside = ProcessInfo.processInfo.environment.filter { name, _ in
      !["SLURM_", "PBS_", "LSB_"].contains { name.hasPrefix($0) }
    }
    return outside.merging(["OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"]) { $1 }
  }

  private static func file(_ path: String) throws -> FileHandle {
    try Data().write(to: URL(fileURLWithPath: path))
    return try #require(FileHandle(forWritingAtPath: path))
  }
}

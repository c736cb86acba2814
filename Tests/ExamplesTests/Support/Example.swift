import Foundation
import Testing

/// An example that was run as a user would run it, and what became of it.
struct Example {
  var code: Int32
  var output: String
  var errors: String

  var lines: [Substring] { output.split(separator: "\n") }

  /// The first match of an expression in the output.
  func match<Captured>(
    _ expression: Regex<Captured>, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Captured {
    let match = try #require(try expression.firstMatch(in: output), "\(self)", sourceLocation: sourceLocation)
    return match.output
  }

  /// Beside the test runner.
  private static func path(_ name: String) -> String {
    URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .appendingPathComponent(name).path
  }

  /// - Parameters:
  ///   - name: of the executable.
  ///   - ranks: under mpirun if it is given.
  ///   - seconds: then the system ends it, so that nothing stays, whatever becomes of us.
  static func run(_ name: String, _ arguments: [String], ranks: Int? = nil, within seconds: Int = 60) async throws
    -> Example
  {
    let launch = ranks.map { [launcher, "-n", "\($0)"] + launcherFlags } ?? []
    return try await withFolder { folder in
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = ["timeout", "--kill-after=5", "\(seconds)"] + launch + [path(name)] + arguments
      process.environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = try file(folder + "/out")
      process.standardError = try file(folder + "/err")
      let (ended, continuation) = AsyncStream<Never>.makeStream()
      process.terminationHandler = { _ in continuation.finish() }
      try process.run()
      for await _ in ended {}
      return Example(
        code: process.terminationStatus, output: try text(folder + "/out"), errors: try text(folder + "/err"))
    }
  }

  // MARK: MPI

  private static let isMPICH = ProcessInfo.processInfo.environment["MUSTER_MPI"] == "mpich"
  private static let launcher = isMPICH ? "mpiexec.hydra" : "mpirun.openmpi"
  /// More ranks than cores.
  private static let launcherFlags = isMPICH ? [String]() : ["--oversubscribe"]
  /// Whether examples can be run with `ranks`.
  static let canRunRanks = ["/usr/bin", "/usr/local/bin", "/bin"].contains { access("\($0)/\(launcher)", X_OK) == 0 }
  /// Open MPI refuses to run as root unless it is told twice.
  private static let variables = ["OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"]
}

/// A new folder, for as long as `body` runs.
func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
  let folder = NSTemporaryDirectory() + "examples-tests-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try await body(folder)
}

func text(_ path: String) throws -> String {
  String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
}

private func file(_ path: String) throws -> FileHandle {
  try Data().write(to: URL(fileURLWithPath: path))
  return try FileHandle(forWritingTo: URL(fileURLWithPath: path))
}

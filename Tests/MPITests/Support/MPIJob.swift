#if MPI
  import Foundation
  import Testing

  /// A program of MPIPrograms, under `mpirun` (or as it is), and what became of it.
  struct MPIJob {
    var code: Int32
    var output: String
    var errors: String

    /// Beside the test runner.
    static let program = path("MPIPrograms")
    static let ising = path("ising")
    static let smallIsing = """
      lattice = 32
      temperatures = 2.0 3.0
      seeds = 1 2
      thermalisation = 200
      measurements = 400
      bins = 20

      """

    private static func path(_ name: String) -> String {
      URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appendingPathComponent(name).path
    }

    static let isMPICH = ProcessInfo.processInfo.environment["MUSTER_MPI"] == "mpich"
    static let launcher = isMPICH ? "mpiexec.hydra" : "mpirun.openmpi"
    /// More ranks than cores.
    static let launcherFlags = isMPICH ? [String]() : ["--oversubscribe"]

    /// Runs `arguments` on some ranks. The time limit is the system's, so that nothing stays, whatever becomes of us.
    static func run(
      ranks: Int, _ arguments: [String], flags: [String] = [], within seconds: Int = 60
    ) async throws -> MPIJob {
      try await run(
        [launcher, "-n", "\(ranks)"] + launcherFlags + flags + [program] + arguments, within: seconds)
    }

    static func run(_ command: [String], within seconds: Int = 60) async throws -> MPIJob {
      let directory = FileManager.default.temporaryDirectory.appendingPathComponent("mpi-tests-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: directory) }
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = ["timeout", "--kill-after=5", "\(seconds)"] + command
      process.environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = try file(directory, "out")
      process.standardError = try file(directory, "err")
      let (ended, continuation) = AsyncStream<Never>.makeStream()
      process.terminationHandler = { _ in continuation.finish() }
      try process.run()
      for await _ in ended {}
      return MPIJob(
        code: process.terminationStatus, output: try text(directory, "out"), errors: try text(directory, "err"))
    }

    /// Open MPI refuses to run as root unless it is told twice.
    private static let variables = ["OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"]

    private static func file(_ directory: URL, _ name: String) throws -> FileHandle {
      let file = directory.appendingPathComponent(name)
      try Data().write(to: file)
      return try FileHandle(forWritingTo: file)
    }

    private static func text(_ directory: URL, _ name: String) throws -> String {
      try String(decoding: Data(contentsOf: directory.appendingPathComponent(name)), as: UTF8.self)
    }

    func expectPassed(sourceLocation: SourceLocation = #_sourceLocation) {
      #expect(
        code == 0 && output.contains("passed"), "status \(code); out: \(output) err: \(errors)",
        sourceLocation: sourceLocation)
    }
  }

  @Suite(.serialized) struct MPITests {}
#endif

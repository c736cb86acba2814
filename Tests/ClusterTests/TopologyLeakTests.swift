import Foundation
import Glibc
import Testing

extension ClusterTests {
  @Suite struct TopologyLeaks {
    /// A program that is compiled for a sanitizer has an allocator of its own, which valgrind does not know.
    private static let canBeRun =
      FileManager.default.isExecutableFile(atPath: "/usr/bin/valgrind")
      && dlsym(nil, "__asan_init") == nil && dlsym(nil, "__tsan_init") == nil

    @Test(
      .enabled(if: canBeRun, "valgrind is not installed (scripts/install-packages test), or a sanitizer is at work"))
    func nothingThatHwlocAllocatesIsLost() throws {
      let directory = NSTemporaryDirectory() + "topology-leaks-\(UUID().uuidString)"
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(atPath: directory) }
      let tests = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
      let machines = "/\(tests)/Fixtures/Topologies"
      let broken = "\(directory)/broken.xml"
      try String(contentsOfFile: "\(machines)/xeon.xml", encoding: .utf8).prefix(3000)
        .write(toFile: broken, atomically: false, encoding: .utf8)
      // Valgrind 3.19 gives up on Swift's debugging information.
      let program = "\(directory)/program"
      #expect(try run("/usr/bin/strip", ["-g", "-o", program, RunningProgram.path]).code == 0)

      let files =
        ["epyc", "hybrid", "job", "hwloc1"].map { "\(machines)/\($0).xml" } + [broken, "\(directory)/missing"]
      let result = try run(
        "/usr/bin/timeout",
        ["200", "/usr/bin/valgrind", "--leak-check=full", "--show-leak-kinds=definite,indirect", program],
        ["CLUSTER_PROGRAM_TOPOLOGIES": files.joined(separator: ":")])
      // Not valgrind's exit code: hwloc 2.9 copies overlapping memory when it reads synthetic descriptions.
      #expect(result.code == 0, "\(result.output)")
      for loss in ["definitely lost: 0 bytes", "indirectly lost: 0 bytes"] {
        #expect(result.output.contains(loss), "\(result.output)")
      }
      #expect(result.output.contains("epyc.xml: 2 packages, 8 NUMA nodes") && result.output.contains("No such file"))
    }

    private func run(
      _ executable: String, _ arguments: [String], _ environment: [String: String] = [:]
    ) throws -> (code: Int32, output: String) {
      let process = Process()
      process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
      process.executableURL = URL(fileURLWithPath: executable)
      process.arguments = arguments
      process.standardInput = FileHandle.nullDevice
      let output = Pipe()
      process.standardOutput = output
      process.standardError = output
      try process.run()
      let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
      process.waitUntilExit()
      return (process.terminationStatus, text)
    }
  }
}

import Foundation
import Muster
import Testing

extension ClusterTests {
  /// The scripts in jobscripts/, as they are.
  @Suite struct JobScripts {
    private static let program = URL(fileURLWithPath: RunningProgram.path).deletingLastPathComponent()
      .appendingPathComponent("whereabouts").path
    private static let scripts = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("jobscripts").path

    private static let answer = "the sum of the squares of 1…1000 is 333833500, by"

    @Test func `pbs.pbs has two workers on each of three nodes`() async throws {
      let output = try await submit("pbs.pbs")
      #expect(output.contains("\(Self.answer) 6 workers"), "\(output)")
    }

    @Test func `pbs-array.pbs has its workers in an array`() async throws {
      let output = try await submit("pbs-array.pbs", variables: ["WORKERS=2"])
      #expect(output.contains("\(Self.answer) 2 workers"), "\(output)")
    }

    /// With Open MPI's own mpirun, on the one node that is this machine.
    @Test func `pbs-mpi.pbs has its workers started by mpirun`() async throws {
      // mpirun does not like root, which may be who runs the tests.
      let variables = ["OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1"]
      let output = try await submit(
        "pbs-mpi.pbs", variables: variables, nodes: ["localhost:8"], flags: ["-l", "place=free"])
      #expect(output.contains("\(Self.answer) 6 workers"), "\(output)")
    }

    /// Submits a script to the stand-in for OpenPBS.
    ///
    /// - Returns: what the job has written.
    private func submit(
      _ script: String, variables: [String] = [], nodes: [String] = [], flags: [String] = []
    ) async throws -> String {
      try await withPBS(nodes: nodes) { lab in
        let file = "\(lab.directory)/output"
        let words = (["PROGRAM=\(Self.program)"] + variables).joined(separator: ",")
        let options = (["-v", words, "-o", file] + flags).joined(separator: " ")
        let result = shell("'\(lab.directory)/bin/qsub' \(options) '\(Self.scripts)/\(script)'")
        try #require(result.code == 0, "\(result.output)")
        await eventually(within: .seconds(40), "the job is over") { lab.jobs.allSatisfy { $0 == "F" } }
        return (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
      }
    }
  }
}

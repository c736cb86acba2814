#if MPI
  import Foundation
  import Testing

  /// `muster map` as ranks that a real mpirun has started: the first reads and writes, the others run commands.
  @Suite(.serialized) struct MapUnderMPITests {
    private static let launcher =
      ProcessInfo.processInfo.environment["MUSTER_MPI"] == "mpich" ? "mpiexec.hydra" : "mpirun.openmpi --oversubscribe"

    /// - Parameter words: behind `muster map`, for a shell.
    private func map(ranks: Int, _ words: String, input: String = "") throws -> Tool.Result {
      try Tool.shell(
        "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; printf '\(input)' | "
          + "\(Self.launcher) -n \(ranks) '\(Tool.path)' map \(words)")
    }

    @Test func theOtherRanksRunTheCommandsAndOneKeepsTheJoblog() throws {
      let directory = try MusterProcess.makeDirectory()
      defer { try? FileManager.default.removeItem(atPath: directory) }
      // Each of the two waits for the other: they run on different ranks.
      let script =
        "touch \(directory)/here-{}; until [ -e \(directory)/here-a ] && [ -e \(directory)/here-b ]; do sleep 0.05; done; "
        + "echo {} ${OMPI_COMM_WORLD_RANK:-$PMI_RANK}"
      let result = try map(
        ranks: 3, "-k --progress --joblog \(directory)/log '\(script)'", input: "a\\nb\\n")
      #expect(result.code == 0, "\(result.errors)")
      let words = result.lines.map { $0.split(separator: " ").map(String.init) }
      #expect(words.map(\.first) == ["a", "b"] && Set(words.map(\.last)) == ["1", "2"], "\(result.output)")
      let log = try String(contentsOfFile: "\(directory)/log", encoding: .utf8)
      #expect(log.split(separator: "\n").count == 3, "\(log)")
    }

    @Test func itsExitStatusIsTheNumberOfFailures() throws {
      let result = try map(ranks: 3, "'exit {}' ::: 0 3 4")
      #expect(result.code == 2, "\(result.errors)")
    }

    @Test func aDryRunIsPrintedOnce() throws {
      let result = try map(ranks: 3, "--dry-run rm ::: a b")
      #expect(result.lines == ["rm a", "rm b"] && result.code == 0, "\(result.errors)")
    }

    @Test func aCommandMayBeAMapItself() throws {
      let result = try map(ranks: 2, "\"'\(Tool.path)' map -k echo in ::: x y #\" ::: a")
      #expect(result.lines == ["in x", "in y"] && result.code == 0, "\(result.errors)")
    }
  }
#endif

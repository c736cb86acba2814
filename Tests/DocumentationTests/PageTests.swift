import Foundation
import Testing

/// The code of the pages does what they say.
@Suite(.serialized) struct PageTests {
  @Test(
    arguments: [
      "GettingStarted", "Hostfiles", "LocalWorkers", "LoopsAndGlobals", "Placement", "PoolsAndMaps",
      "ReferencesAndChannels", "RemoteFunctionMacros", "RemoteFunctions", "SeeingWhatHappens", "SSHWorkers",
      "TheSameProgramEverywhere", "Troubleshooting", "WritingAManager",
    ])
  func `The code of a page runs`(page: String) throws {
    let result = try Command.run([Command.path("DocumentationPages"), page])
    #expect(result.code == 0 && result.output.contains("passed\n"), "\(result.output)\n\(result.errors)")
  }

  #if MPI
    @Test func `The code of the page on MPI runs on three ranks`() throws {
      let isMPICH = ProcessInfo.processInfo.environment["MUSTER_MPI"] == "mpich"
      let launcher = isMPICH ? ["mpiexec.hydra"] : ["mpirun.openmpi", "--oversubscribe"]
      let result = try Command.run(launcher + ["-n", "3", Command.path("DocumentationPages"), "MPIWorkers"])
      #expect(result.code == 0 && result.output.contains("passed\n"), "\(result.output)\n\(result.errors)")
    }
  #endif

  @Test func `A package of one's own is described as the page shows`() throws {
    let manifest = "\(Repository.root)/Tests/DocumentationPages/OwnPackage"
    let scratch = NSTemporaryDirectory() + "own-package-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: scratch) }
    let swift = ProcessInfo.processInfo.environment["SWIFT"] ?? "swift"
    let result = try Command.run(
      ["sh", "-c", "exec \(swift) package dump-package --package-path '\(manifest)' --scratch-path '\(scratch)'"])
    #expect(result.code == 0 && result.output.contains("\"name\" : \"Program\""), "\(result.output)\n\(result.errors)")
  }
}

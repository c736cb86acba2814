import ArgumentParser
import Muster
import MusterMPI

/// MPI: the launcher, the library, and what threads may call it, for which one rank is really started.
enum MPIChecks {
  private static let place = "mpi"

  static func all() async -> [Check] {
    #if MPI
      let library = mpiLibraryVersion().split(separator: "\n").first.map(String.init) ?? "?"
      guard let launcher = MPILauncher.detect("mpirun") ?? MPILauncher.detect("mpiexec") else {
        return [
          .warning(
            place, "launcher", "no mpirun or mpiexec is on PATH; the library is \(library)",
            "load MPI's module, if you mean to use MPI")
        ]
      }
      let text = "\(launcher.path): \(launcher.version ?? launcher.kind.rawValue); the library is \(library)"
      return [.ok(place, "launcher", text), await threadLevel(launcher)]
    #else
      return [.ok(place, "launcher", "this muster was built without MPI (swift build --traits MPI)")]
    #endif
  }

  #if MPI
    private static func threadLevel(_ launcher: MPILauncher) async -> Check {
      let words = [launcher.path, "-n", "1", Surroundings.executable, MPILevel.name]
      guard let output = await CommandOutput.of(words, within: 9) else {
        return .warning(
          place, "threads", "\(launcher.path) cannot be run", "muster plan --mpi 1 shows the command line")
      }
      let found = ThreadLevel.allCases.first { output.text.contains("muster: \($0)") }
      guard output.code == 0, let found else {
        let said = output.text.split(whereSeparator: \.isNewline).prefix(6).joined(separator: "\n         ")
        return .warning(
          place, "threads",
          output.hasTakenTooLong ? "one rank has not started within 9 s" : "one rank did not start:\n         \(said)",
          "try it by hand: \(words.joined(separator: " "))")
      }
      return found == .multiple
        ? .ok(place, "threads", "\(found)")
        : .warning(
          place, "threads", "\(found), and not \(ThreadLevel.multiple)",
          "Muster works with it, more slowly: build MPI with threads (--enable-mpi-thread-multiple)")
    }
  #endif
}

/// What `muster doctor` has mpirun start.
struct MPILevel: AsyncParsableCommand {
  static let name = "mpi-level"
  static let configuration = CommandConfiguration(
    commandName: name, abstract: "Says what threads may call MPI.", shouldDisplay: false)

  func run() async throws {
    #if MPI
      let manager = try await startMainLoop(.tcpTransportAll)
      print("muster: \(manager.threadLevel)")
      try await stopMainLoop(manager)
    #endif
  }
}

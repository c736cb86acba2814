import Muster
import MusterMPI

/// Makes the ranks of the MPI job workers; goes on with rank 0. At the end of the program all of them end.
func startRanks(_ mode: CommandLineOptions.MPIMode) async throws {
  #if MPI
    let manager = try await startMainLoop(mode == .mpi ? .mpiTransportAll : .tcpTransportAll)
    print("\(manager), \(manager.threadLevel)")
  #else
    throw UsageError(message: "this program was built without MPI: swift build -c release --traits MPI")
  #endif
}

import Muster
import MusterMPI

enum TheSameProgramEverywhere: Page {
  static func run() async throws {
    try await addWorkers()
    let squares = try await pmap(Square(), 1...10)
    try expect(squares.last == 100 && nprocs() > 1, "\(squares)")
  }

  struct Square: RemoteFunction {
    func callAsFunction(_ x: Int) -> Int { x * x }
  }

  /// Workers wherever this program finds itself.
  static func addWorkers() async throws {
    guard nprocs() == 1 else { return }  // --procs, --machine-file and srun ./program have brought some

    let job = try Allocation.current()
    switch job?.scheduler {
    case .slurm: try await addprocs(SlurmManager())
    case .pbs: try await addprocs(PBSManager())
    case .lsf: try await addprocs(job!.machines)  // over ssh
    case nil: try await addprocs()  // this machine
    }
  }

  #if MPI
    static func ranks() async throws {
      if CommandLine.arguments.contains("--mpi") {
        _ = try await startMainLoop(.mpiTransportAll)  // rank 0 goes on; the others are its workers
      }
    }
  #endif
}

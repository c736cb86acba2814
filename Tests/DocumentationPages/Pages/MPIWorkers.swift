import Muster
import MusterMPI

/// To be run under mpirun.
enum MPIWorkers: Page {
  static func run() async throws {
    #if MPI
      try await ranks()
    #else
      throw Unexpected(description: "built without MPI")
    #endif
  }

  struct Square: RemoteFunction {
    func callAsFunction(_ x: Int) -> Int { x * x }
  }

  #if MPI
    struct SumOfRanks: MPIFunction {
      func callAsFunction(_ communicator: MPICommunicator) async throws -> Double {
        try await communicator.allreduce([Double(communicator.rank)], .sum)[0]
      }
    }

    static func ranks() async throws {
      let manager = try await startMainLoop(.mpiTransportAll)  // returns on rank 0 only, which is process 1
      print(manager.plan)

      let squares = try await pmap(Square(), 1...10)  // on the other ranks
      let sums = try await mpiDo(manager, SumOfRanks())  // on all ranks, which may call MPI in it

      try await stopMainLoop(manager)
      try expect(squares.last == 100 && Set(sums).count == 1, "\(squares) \(sums)")
    }

    static func started() async throws {
      let manager = MPIWorkerManager(4, flags: ["--hostfile", "hosts"])
      try await addprocs(manager)
      try await mpiDo(manager, SumOfRanks())
    }
  #endif
}

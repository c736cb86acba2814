import Muster

/// Compiled only: Tests/ClusterTests/PBSTests.swift runs jobs.
enum PBSWorkers {
  static func inside() async throws {
    try await addprocs(PBSManager())  // a worker for each line of $PBS_NODEFILE
  }

  static func by() async throws {
    try await addprocs(PBSManager(starter: .mpirun))
  }

  static func outside() async throws {
    var pbs = PBSOptions()
    pbs.queue = "short"
    pbs.walltime = .seconds(600)
    pbs.memoryPerWorker = "2gb"
    try await addprocs(PBSManager(np: 64, pbs))
  }
}

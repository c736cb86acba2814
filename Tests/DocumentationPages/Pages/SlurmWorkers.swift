import Glibc
import Muster

/// Compiled only: a real Slurm is in Tests/ClusterTests/Slurm.
enum SlurmWorkers {
  static func inside() async throws {
    try await addprocs(SlurmManager())  // a worker for each task of the job
  }

  static func part() async throws {
    try await addprocs(SlurmManager(ntasks: 8, nodelist: ["n003"]))
  }

  static func outside() async throws {
    try await addprocs(SlurmManager(ntasks: 64, cpusPerTask: 2, srun: ["--partition=short", "--time=10"]))
  }

  static func bySrun() async throws {
    try await addprocs(SlurmManager(binding: .srun("cores")))
  }

  static func warnings() async {
    Task.onCluster {
      for await warning in allocationWarnings() { print("the job is about to end: \(warning)") }
    }
    if let left = await timeLeft() { print("\(left) are left") }
  }
}

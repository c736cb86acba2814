import Muster
import Testing

extension ClusterTests {
  /// What only a Slurm with accounting knows.
  @Suite(
    .slurmLabWithAccounting,
    .enabled(if: SlurmLab.obstacleToAccounting == nil, "\(SlurmLab.obstacleToAccounting ?? "")"))
  struct SlurmAccounting {
    @Test func whoHasCancelledAJobIsSaid() async throws {
      try await leavingNothingBehind { () async throws in
        let pid = try await addprocs(SlurmManager(ntasks: 1, srun: ["-J", "cancelled"]))[0]
        let error = try await within(.seconds(60), "the loss") {
          async let error = thrown(ProcessExitedError.self) { try await remotecallFetch(Nap(.seconds(600)), on: pid) }
          let cancel = SlurmLab.run(["scancel", "-n", "cancelled"])
          #expect(cancel.code == 0, "\(cancel.errors)")
          return await error
        }
        #expect(error?.reason.contains("the job was cancelled by user root") == true, "\(error?.reason ?? "")")
      }
      await SlurmLab.shared.expectNothingLeft()
    }
  }
}

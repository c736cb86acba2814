#if MPI
  import Foundation
  import Testing

  extension MPITests {
    @Test func `a rank that dies ends the job, after it was said which one`() async throws {
      let job = try await MPIJob.run(ranks: 3, ["die", "mpiTransportAll"], within: 30)
      #expect(job.code != 0 && job.code != 124, "\(job)")
      let said = job.errors.range(of: "muster: rank 2 (process 3 of the cluster")
      #expect(said != nil, "\(job.errors)")
      if let said, let launcher = job.errors.range(of: "mpirun noticed") {
        #expect(said.lowerBound < launcher.lowerBound, "the launcher was faster: \(job.errors)")
      }
    }

    @Test(.disabled(if: MPIJob.isMPICH, "Hydra calls it otherwise"))
    func `over sockets the others go on, if the launcher lets them`() async throws {
      let job = try await MPIJob.run(ranks: 3, ["die", "tcpTransportAll"], flags: ["--enable-recovery"])
      #expect(job.output.contains("passed") && job.code != 124, "\(job)")
    }

    @Test(.disabled(if: MPIJob.isMPICH, "Hydra 4.0.2 kills all ranks when a signal has killed one"))
    func `ranks of a launcher that are left go on without one that dies`() async throws {
      try await MPIJob.run([MPIJob.program, "lose", "3", MPIJob.launcher] + MPIJob.launcherFlags).expectPassed()
    }
  }
#endif

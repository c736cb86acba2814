#if MPI
  import Testing

  extension MPITests {
    @Test(arguments: ["multiple", "serialized", "funneled"])
    func `the thread level that was asked for is used, and said`(level: String) async throws {
      let job = try await MPIJob.run(ranks: 2, ["level", level])
      job.expectPassed()
      #expect(job.output.contains("passed: MPI_THREAD_\(level.uppercased())"), "\(job)")
      #expect(job.output.contains(MPIJob.isMPICH ? "MPICH" : "Open MPI"), "\(job)")
      #expect(job.output.contains("rank 1 is process 2"), "\(job)")
    }

    @Test(arguments: ["funneled", "serialized", "multiple"])
    func `where the program's own thread has MPI for itself, that is said`(level: String) async throws {
      try await MPIJob.run(ranks: 1, ["initialised", level]).expectPassed()
    }

    @Test(arguments: ["serialized", "funneled"])
    func `a rank that waits in MPI itself is not declared dead, and it is said that it does`(level: String) async throws
    {
      let job = try await MPIJob.run(ranks: 2, ["silent", level])
      job.expectPassed()
      #expect(job.errors.contains("rank 1 (process 2) waits in a call of MPI of its own"), "\(job.errors)")
    }

    @Test(arguments: ["multiple", "serialized", "funneled"])
    func `a rank that is stopped is declared dead, and ends the job`(level: String) async throws {
      let job = try await MPIJob.run(ranks: 2, ["stopped", level])
      #expect(job.code != 0 && job.code != 124, "\(job)")
      #expect(job.output.contains("lost: process 2") && job.output.contains("no heartbeat"), "\(job)")
    }

    @Test(arguments: ["serialized", "funneled"])
    func `what is sent while the thread that calls MPI computes does not stop it`(level: String) async throws {
      try await MPIJob.run(ranks: 2, ["funnel", level]).expectPassed()
    }

    @Test(arguments: ["multiple", "serialized", "funneled"])
    func `runs on overlapping ranks do not wait for each other's communicators`(level: String) async throws {
      try await MPIJob.run(ranks: 3, ["overlapping", level]).expectPassed()
    }
  }
#endif

#if MPI
  import Testing

  extension MPITests {
    @Test(arguments: [
      ("mpiTransportAll", "multiple"), ("mpiTransportAll", "serialized"),
      ("mpiTransportAll", "funneled"), ("tcpTransportAll", "multiple"),
    ])
    func `mpiDo runs a function on every rank, or on some`(transport: String, level: String) async throws {
      try await MPIJob.run(ranks: 4, ["mpido", transport, level]).expectPassed()
    }

    @Test(arguments: [1, 2])
    func `mpiDo works on few ranks, too`(ranks: Int) async throws {
      try await MPIJob.run(ranks: ranks, ["mpido", "mpiTransportAll", "multiple"]).expectPassed()
    }

    @Test func `a cancelled function sends nothing from memory that it gives up`() async throws {
      try await MPIJob.run(ranks: 2, ["sendrecv", "multiple"]).expectPassed()
    }

    @Test func `it is said which ranks wait where for one that does not come`() async throws {
      let job = try await MPIJob.run(ranks: 3, ["absent", "mpiTransportAll"])
      job.expectPassed()
      #expect(job.errors.contains("rank 0 (process 1) waits in barrier"), "\(job.errors)")
      #expect(job.errors.contains("rank 1 (process 2) computes since its MPI call 1"), "\(job.errors)")
      #expect(job.errors.contains("rank 2 (process 3) waits in barrier"), "\(job.errors)")
    }
  }
#endif

#if MPI
  import Foundation
  import Glibc
  import Testing

  extension MPITests {
    @Test(arguments: [1, 2, 4, 8])
    func `ranks that talk over MPI are a cluster, and all exit with status 0`(ranks: Int) async throws {
      try await MPIJob.run(ranks: ranks, ["cluster", "mpiTransportAll"]).expectPassed()
    }

    @Test(arguments: [1, 2, 4, 8])
    func `ranks that talk over sockets are a cluster, and all exit with status 0`(ranks: Int) async throws {
      try await MPIJob.run(ranks: ranks, ["cluster", "tcpTransportAll"]).expectPassed()
    }

    @Test(arguments: ["serialized", "funneled"])
    func `where few threads may call MPI everything works as well`(level: String) async throws {
      let job = try await MPIJob.run(ranks: 4, ["cluster", "mpiTransportAll", level])
      job.expectPassed()
      #expect(job.output.contains("MPI_THREAD_\(level.uppercased())"))
    }

    @Test(arguments: ["mpiTransportAll", "tcpTransportAll"])
    func `a program that returns without stopMainLoop ends the job with status 0`(transport: String) async throws {
      try await MPIJob.run(ranks: 2, ["returns", transport]).expectPassed()
    }

    @Test func `a program that fails ends the job with an error`() async throws {
      let job = try await MPIJob.run(ranks: 2, ["fails", "mpiTransportAll"])
      #expect(job.code != 0 && job.errors.contains("on purpose"), "\(job)")
    }

    @Test func `one rank says that it works alone`() async throws {
      let job = try await MPIJob.run(ranks: 1, ["returns", "mpiTransportAll"])
      job.expectPassed()
      #expect(job.errors.contains("one rank"), "\(job)")
    }

    @Test(.disabled(if: MPIJob.isMPICH, "MPICH has no such switch"))
    func `it works over MPI's own TCP as well as over shared memory`() async throws {
      try await MPIJob.run(
        ranks: 3, ["cluster", "mpiTransportAll"], flags: ["--mca", "pml", "ob1", "--mca", "btl", "tcp,self"]
      ).expectPassed()
    }

    @Test func `process 1 outside of MPI starts ranks by the launcher`() async throws {
      try await MPIJob.run([MPIJob.program, "workers", "4", MPIJob.launcher] + MPIJob.launcherFlags).expectPassed()
    }

    @Test func `a manager of launched ranks is one job at a time`() async throws {
      try await MPIJob.run([MPIJob.program, "twice", MPIJob.launcher] + MPIJob.launcherFlags).expectPassed()
    }

    @Test(
      .disabled(if: MPIJob.isMPICH, "Open MPI's launcher is told what to use in place of ssh"),
      .enabled(if: getuid() == 0, "only root may make network namespaces"),
      arguments: ["mpiTransportAll", "tcpTransportAll"])
    func `ranks in network namespaces of their own are one cluster`(transport: String) async throws {
      let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Support/in-namespaces.sh").path
      let job = try await MPIJob.run([script, MPIJob.program, "cluster", transport])
      job.expectPassed()
    }

    @Test func `the Ising model gives the same numbers on ranks, either way, as in one process`() async throws {
      // The program itself compares.
      let directory = FileManager.default.temporaryDirectory.appendingPathComponent("ising-\(UUID().uuidString)")
      defer { try? FileManager.default.removeItem(at: directory) }
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
      let parameters = directory.appendingPathComponent("parameters.txt").path
      try MPIJob.smallIsing.write(toFile: parameters, atomically: true, encoding: .utf8)
      for mode in ["mpi", "tcp"] {
        let job = try await MPIJob.run(
          [MPIJob.launcher, "-n", "4"] + MPIJob.launcherFlags
            + [MPIJob.ising, "--mpi", mode, parameters, "--output", directory.path])
        #expect(job.code == 0 && job.output.contains("the same to the last bit"), "\(job)")
      }
    }
  }
#endif

#if MPI
  @testable import MusterMPI
  import Testing

  @Test(arguments: [
    ("mpirun (Open MPI) 4.1.4\n\nReport bugs to http://www.open-mpi.org/community/help/\n", MPILauncher.Kind.openMPI4),
    // Debian's.
    ("mpirun.openmpi (OpenRTE) 4.1.4\n\nReport bugs to http://www.open-mpi.org/community/help/\n", .openMPI4),
    ("mpirun (Open MPI) 5.0.3\n\nReport bugs to https://www.open-mpi.org/community/help/\n", .openMPI5),
    ("HYDRA build details:\n    Version:                                 4.0.2\n", .hydra),
    ("Intel(R) MPI Library for Linux* OS, Version 2021.11 Build 20231005\n", .hydra),
  ])
  func `a launcher says whose it is`(version: String, kind: MPILauncher.Kind) {
    #expect(MPILauncher(path: "mpirun", version: version)?.kind == kind)
  }

  @Test func `what is no launcher is not taken for one`() {
    #expect(MPILauncher(path: "ls", version: "ls (GNU coreutils) 9.1\n") == nil)
    #expect(MPILauncher.detect("/no/such/mpirun") == nil)
  }

  @Test func `the launcher is told to go on without a rank that dies, and which variables the ranks need`() {
    let openMPI = MPILauncher(path: "mpirun", kind: .openMPI4)
    #expect(
      openMPI.arguments(count: 4, variables: ["A", "B"], flags: ["--hostfile", "h"], program: ["p", "q"])
        == ["-n", "4", "--enable-recovery", "-x", "A", "-x", "B", "--hostfile", "h", "p", "q"])
    let hydra = MPILauncher(path: "mpiexec", kind: .hydra)
    #expect(
      hydra.arguments(count: 2, variables: [], flags: [], program: ["p"])
        == ["-n", "2", "-disable-auto-cleanup", "p"])
  }

  @Test func `each rank's invitation differs in its ticket only`() {
    let text = "cookie=00\nticket=7\naddress=unix:/tmp/x\n\n"
    #expect(MPIWorker.invitation(text, withTicket: "8") == "cookie=00\nticket=8\naddress=unix:/tmp/x\n\n")
  }
#endif

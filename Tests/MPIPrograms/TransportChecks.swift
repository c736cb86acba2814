#if MPI
  import Glibc
  import Muster
  import MusterMPI
  import TransportConformance

  /// The contract of a transport, between two ends of this rank: `mpirun -n 1 MPIPrograms conformance level`.
  func conformance(_ arguments: [String]) async throws {
    let manager = try await startMainLoop(.mpiTransportAll, threadLevel: threadLevel(arguments, 0))
    let pairs = LoopbackConnections(manager)
    try Conformance.checkAll { try pairs.connect() }
    try Conformance.checkAll {
      let (opener, accepter) = try pairs.connect()
      return (accepter, opener)
    }
    // More than there are numbers for, one after the other.
    for _ in 0..<5_000 {
      let (a, b) = try pairs.connect()
      a.close()
      b.close()
    }
    try await stopMainLoop(manager)
    print("passed")
  }
#endif

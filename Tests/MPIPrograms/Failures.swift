#if MPI
  import Glibc
  import Muster
  import MusterMPI

  struct Die: RemoteAction {
    let signal: Int32
    func callAsFunction() async throws { kill(getpid(), signal) }
  }

  /// `mpirun -n N MPIPrograms die mpiTransportAll`: the last rank is killed.
  func die(_ arguments: [String]) async throws {
    let manager = try await startMainLoop(try transport(arguments))
    print("victim \(manager.size - 1)")
    let victim = workers().last!
    do { _ = try await remotecallFetch(Die(signal: SIGKILL), on: victim) } catch {
      // Over sockets: it is the cluster that hears of it, and the others go on.
      print("lost: \(error)")
      try check(nworkers(), is: manager.size - 2, "the workers that are left")
      try check(try await pmap(Increment(), 1...100).count, is: 100, "calls after that")
      print("passed")
    }
  }

  /// `MPIPrograms lose N mpirun flags…`: a rank of the launcher's dies, the others go on.
  func lose(_ arguments: [String]) async throws {
    let count = Int(arguments[0])!
    let manager = MPIWorkerManager(count, mpiexec: arguments[1], flags: Array(arguments.dropFirst(2)))
    let pids = try await addprocs(manager)
    do {
      _ = try await remotecallFetch(Die(signal: SIGKILL), on: pids.last!)
      throw Complaint(description: "it lives")
    } catch let error as ProcessExitedError { try check(error.pid, is: pids.last!, "who died") }
    try check(nworkers(), is: count - 1, "the workers that are left")
    try check(try await pmap(Increment(), 1...100).count, is: 100, "calls after that")
    try await rmprocs(workers())
    print("passed")
  }
#endif

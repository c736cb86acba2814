#if MPI
  import Glibc
  import Muster
  import MusterMPI

  struct ProcessorTime: RemoteThunk {
    /// Seconds that this process has used.
    func callAsFunction() -> Double {
      var time = timespec()
      clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
  }

  /// What the processes use of a core while there is nothing to do, from `rest` seconds after the last call on.
  func idleShares(rest: Double = 2, over seconds: Double = 10) async throws -> [Double] {
    for pid in procs() { _ = try await remotecallFetch(Increment(), on: pid, 1) }
    try await Task.sleep(for: .seconds(rest))
    var before: [Double] = []
    for pid in procs() { before.append(try await remotecallFetch(ProcessorTime(), on: pid)) }
    try await Task.sleep(for: .seconds(seconds))
    var shares: [Double] = []
    for (pid, time) in zip(procs(), before) {
      shares.append((try await remotecallFetch(ProcessorTime(), on: pid) - time) / seconds)
    }
    return shares
  }

  /// `mpirun -n N MPIPrograms idle mpiTransportAll level`
  func idle(_ arguments: [String]) async throws {
    let manager = try await startMainLoop(try transport(arguments), threadLevel: threadLevel(arguments, 1))
    let shares = try await idleShares()
    let texts = shares.map { "\(Double(Int($0 * 10_000 + 0.5)) / 100) %" }
    print("idle, of a core per process: \(texts.joined(separator: ", "))")
    try await stopMainLoop(manager)
  }
#endif

#if MPI
  import Muster

  /// A manager whose workers are ranks of an MPI job.
  public protocol MPIRanks: ClusterManager {
    /// The processes by their ranks; process 1 among them if it is one.
    var mpiprocs: [ProcessID] { get }
  }

  extension MPIRanks {
    /// The rank of a process, if it has one.
    public func rank(of pid: ProcessID) -> Int? { mpiprocs.firstIndex(of: pid) }

    /// The process of a rank, if there is one.
    public func pid(of rank: Int) -> ProcessID? { mpiprocs.indices.contains(rank) ? mpiprocs[rank] : nil }
  }

  /// The processes that are ranks of an MPI job, by rank.
  public func mpiprocs(_ manager: some MPIRanks) -> [ProcessID] { manager.mpiprocs }

  /// The workers of a manager that are there.
  public func procs(_ manager: some MPIRanks) -> [ProcessID] {
    let present = procs()
    return manager.mpiprocs.filter { $0 != 1 && present.contains($0) }
  }
#endif

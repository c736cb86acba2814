import Muster
import MusterMPI

/// Brings the workers of a map into being.
struct MapWorkers: Sendable {
  let choice: WorkerChoice
  let jobsPerWorker: Int
  /// For each worker; as the allocation has it if `nil`.
  let cores: Int?
  let interface: String?
  let ssh: SSHOptions

  private func with(_ options: AddprocsOptions) -> AddprocsOptions {
    var options = options
    if let cores { options.threadsPerWorker = cores }
    if let interface { options.interface = interface }
    return options
  }

  /// Where all ranks of MPI or all tasks of a step run this program, those but the first become workers here, and do not
  /// return; to be done before anything is read or written, which is for one of them only.
  ///
  /// - Throws: `MapError` where this process is one of many and cannot find the others: each would run all commands.
  func join() async throws {
    switch choice {
    case .mpiRanks:
      #if MPI
        _ = try await startMainLoop(.tcpTransportAll, options: with(AddprocsOptions()))
      #endif
    case .slurm: try await addSlurmTasks(options: with(AddprocsOptions()))
    default: return
    }
    let count = WorkerChoice.launchedTogether(WorkerChoice.environment)
    guard nprocs() == 1, count > 1 else { return }
    throw MapError(
      "this is one of \(count) processes that were launched together, but it cannot find the others by MPI, and each would "
        + "run all commands: use srun --mpi=none, or the mpirun of the MPI that muster was built with")
  }

  /// Starts them, unless they have joined.
  ///
  /// - Parameter commands: how many there are, if that is known: more workers would have nothing to do.
  func start(for commands: Int?) async throws {
    guard nprocs() == 1 else { return }
    switch choice {
    case .mpiRanks, .local(nil), .local(.some(.auto)): try await startLocally(for: commands)
    default:
      var ssh = ssh
      ssh.base = with(ssh.base)
      let manager = try choice.manager(ssh)
      try await addprocs(manager, options: with(manager.defaultOptions))
    }
  }

  /// One for each core, but no more than have something to do.
  private func startLocally(for commands: Int?) async throws {
    let options = with(AddprocsOptions())
    let most = try await LocalManager(.auto).workerCount(options)
    let needed = commands.map { max(1, ($0 + jobsPerWorker - 1) / jobsPerWorker) } ?? most
    try await addprocs(min(most, needed), options: options)
  }
}

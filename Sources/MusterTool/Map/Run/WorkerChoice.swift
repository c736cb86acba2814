import Glibc
import Muster
import MusterMPI

/// Where the workers of a map are to be.
enum WorkerChoice: Equatable, Sendable {
  /// On this machine; one for each core if no number is given.
  case local(WorkerCount?)
  case ssh([String])
  case hostfile(path: String, format: Hostfile.Format?)
  /// Ranks that run this program, too.
  case mpiRanks
  case slurm
  case pbs

  /// - Parameter text: a path, behind a grammar's name and a colon if the file does not show which one it has.
  static func hostfile(_ text: String) -> WorkerChoice {
    let parts = text.split(separator: ":", maxSplits: 1)
    if parts.count == 2, let format = Hostfile.Format(rawValue: String(parts[0])) {
      return .hostfile(path: String(parts[1]), format: format)
    }
    return .hostfile(path: text, format: nil)
  }

  /// What a job's environment says; this machine outside of any.
  static func ofAllocation(_ environment: (String) -> String?) -> WorkerChoice {
    #if MPI
      let variables = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"]
      if variables.contains(where: { environment($0) != nil }) { return .mpiRanks }
    #endif
    if environment("SLURM_JOB_ID") != nil { return .slurm }
    if environment("PBS_JOBID") != nil { return .pbs }
    if let path = environment("LSB_DJOB_HOSTFILE") { return .hostfile(path: path, format: .lsf) }
    return .local(nil)
  }

  /// Starts them, unless this program's own tasks are the workers.
  ///
  /// - Parameters:
  ///   - commands: how many there are, if that is known: more workers would have nothing to do.
  ///   - cores: for each worker; as the allocation has it if `nil`.
  ///   - sshFlags: further options of ssh.
  func start(commands: Int?, jobsPerWorker: Int, cores: Int?, sshFlags: [String]) async throws {
    func with(_ options: AddprocsOptions) -> AddprocsOptions {
      var options = options
      if let cores { options.threadsPerWorker = cores }
      return options
    }
    let options = with(AddprocsOptions())
    var ssh = SSHOptions()
    ssh.base = options
    ssh.sshflags = sshFlags
    switch self {
    case .mpiRanks:
      #if MPI
        _ = try await startMainLoop(.tcpTransportAll, options: options)
        if nprocs() > 1 { return }
      #endif
      try await Self.startLocally(nil, commands, jobsPerWorker, options)
    case .slurm:
      guard try await addSlurmTasks(options: options).isEmpty else { return }
      let manager = try SlurmManager()
      try await addprocs(manager, options: with(manager.defaultOptions))
    case .pbs: try await addprocs(PBSManager(), options: options)
    case .hostfile(let path, let format): try await addprocs(hostfile: path, format: format, options: ssh)
    case .ssh(let hosts):
      let machines = try hosts.flatMap { try Hostfile(parsing: $0, file: "--ssh", format: .julia).machines }
      try await addprocs(machines, options: ssh)
    case .local(let count): try await Self.startLocally(count, commands, jobsPerWorker, options)
    }
  }

  /// As many as were asked for; otherwise one for each core, but no more than have something to do.
  private static func startLocally(
    _ count: WorkerCount?, _ commands: Int?, _ jobsPerWorker: Int, _ options: AddprocsOptions
  ) async throws {
    if let count, count != .auto {
      try await addprocs(count, options: options)
      return
    }
    let most = try await LocalManager(.auto).workerCount(options)
    let needed = commands.map { max(1, ($0 + jobsPerWorker - 1) / jobsPerWorker) } ?? most
    try await addprocs(min(most, needed), options: options)
  }
}

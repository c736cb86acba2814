import ArgumentParser
import Muster
import MusterMPI

/// Where workers are to be: by default wherever the job that this is run in has room, and this machine outside of any.
struct WorkerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("On this machine; auto is one for each core.", valueName: "n"),
    transform: WorkerCount.init(argument:))
  var procs: WorkerCount?

  @Option(
    help: ArgumentHelp(
      "On the machines of a hostfile; with its format in front, as in mpich:hosts, where that does not show.",
      valueName: "file"), completion: .file())
  var hostfile: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("On these hosts, over ssh: n1, me@n2:2222, 4*n3, 'auto*n4'.", valueName: "machines"))
  var ssh: [String] = []

  @Option(help: ArgumentHelp("What ssh is to read instead of ~/.ssh/config.", valueName: "file"), completion: .file())
  var sshConfig: String?

  @Option(help: ArgumentHelp("In a Slurm job of their own.", valueName: "tasks"))
  var slurm: Int?

  @Option(help: ArgumentHelp("In a PBS job of their own.", valueName: "workers"))
  var pbs: Int?

  @Option(help: ArgumentHelp("As ranks that mpirun starts.", valueName: "ranks"))
  var mpi: Int?

  @Option(
    help: ArgumentHelp(
      "Over which interface, network or address hosts reach each other: ib0, 10.1.0.0/16.", valueName: "interface"))
  var interface: String?

  @Option(help: ArgumentHelp("Until a worker has joined.", valueName: "seconds"))
  var timeout: Double?

  func validate() throws {
    let given = [
      procs != nil ? "--procs" : nil, hostfile != nil ? "--hostfile" : nil, ssh.isEmpty ? nil : "--ssh",
      slurm != nil ? "--slurm" : nil, pbs != nil ? "--pbs" : nil, mpi != nil ? "--mpi" : nil,
    ].compactMap { $0 }
    if given.count > 1 { throw ValidationError("\(given.joined(separator: " and ")) exclude each other") }
    if let timeout, timeout <= 0 { throw ValidationError("--timeout takes a positive number of seconds") }
  }

  func apply(to options: inout AddprocsOptions) {
    if let interface { options.interface = interface }
    if let timeout { options.timeout = .seconds(timeout) }
  }

  /// - Parameter options: ssh's connections wait as long as these say.
  func manager(_ options: AddprocsOptions) throws -> any ClusterManager {
    if let procs { return LocalManager(procs) }
    if let hostfile {
      let (path, format) = Self.hostfile(hostfile)
      return try HostfileManager(path, format: format, options: sshOptions(options))
    }
    if !ssh.isEmpty { return SSHManager(try machines, options: sshOptions(options)) }
    if let slurm { return try SlurmManager(ntasks: slurm) }
    if let pbs { return PBSManager(np: pbs) }
    if let mpi { return try Self.mpi(mpi) }
    return try ofJob(options)
  }

  func sshOptions(_ options: AddprocsOptions) -> SSHOptions {
    var ssh = SSHOptions(options)
    if let sshConfig { ssh.sshflags = ["-F", sshConfig] }
    return ssh
  }

  private var machines: [MachineSpec] {
    get throws { try ssh.flatMap { try Hostfile(parsing: $0, file: "--ssh", format: .julia).machines } }
  }

  private func ofJob(_ options: AddprocsOptions) throws -> any ClusterManager {
    guard let allocation = try Allocation.current() else { return LocalManager() }
    switch allocation.scheduler {
    case .slurm: return try SlurmManager()
    case .pbs: return PBSManager()
    case .lsf: return SSHManager(allocation.machines, options: sshOptions(options))
    }
  }

  /// `mpich:hosts`
  private static func hostfile(_ text: String) -> (path: String, format: Hostfile.Format?) {
    let parts = text.split(separator: ":", maxSplits: 1)
    guard parts.count == 2, let format = Hostfile.Format(rawValue: String(parts[0])) else { return (text, nil) }
    return (String(parts[1]), format)
  }

  private static func mpi(_ ranks: Int) throws -> any ClusterManager {
    #if MPI
      return MPIWorkerManager(ranks)
    #else
      throw ValidationError("this muster was built without MPI (swift build --traits MPI)")
    #endif
  }
}

import ArgumentParser
import Glibc
import Muster

/// Where workers are to be, as `muster map`, `plan` and `doctor` have it in common: by default wherever the job that this
/// is run in has room, and this machine outside of any.
struct PlaceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("On this machine; auto is one for each core.", valueName: "n"),
    transform: WorkerCount.init(argument:))
  var procs: WorkerCount?

  @Option(
    help: ArgumentHelp(
      "On the machines of a hostfile, over ssh; with its format in front, as in mpich:hosts, where that does not show.",
      valueName: "file"), completion: .file())
  var hostfile: String?

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

  /// - Parameter ssh: the hosts of `--ssh`, which each command reads in its own way.
  /// - Throws: `ValidationError` for places that exclude each other.
  func validate(ssh: [String]) throws {
    let given = [
      procs != nil ? "--procs" : nil, hostfile != nil ? "--hostfile" : nil, ssh.isEmpty ? nil : "--ssh",
      slurm != nil ? "--slurm" : nil, pbs != nil ? "--pbs" : nil, mpi != nil ? "--mpi" : nil,
    ].compactMap { $0 }
    if given.count > 1 { throw ValidationError("\(given.joined(separator: " and ")) exclude each other") }
  }

  func choice(ssh: [String]) -> WorkerChoice {
    if let procs { return .local(procs) }
    if let hostfile { return .hostfile(hostfile) }
    if !ssh.isEmpty { return .ssh(ssh) }
    if let slurm { return .slurmJob(tasks: slurm) }
    if let pbs { return .pbsJob(workers: pbs) }
    if let mpi { return .mpirun(ranks: mpi) }
    return .ofAllocation(WorkerChoice.environment)
  }

  func sshOptions(_ options: AddprocsOptions) -> SSHOptions {
    var ssh = SSHOptions(options)
    if let sshConfig { ssh.sshflags = ["-F", sshConfig] }
    return ssh
  }
}

import ArgumentParser
import Glibc
import Muster

/// `muster hosts`
struct Hosts: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Expands, compacts and translates node lists and hostfiles.",
    usage: "muster hosts [<list or file> ...] [--format <format>] [--to <form>] [--json]",
    discussion: """
      EXAMPLES:
        muster hosts 'n[001-003],m1'          one host a line
        muster hosts --compact n1 n2 n3       n[1-3]
        muster hosts                          the hosts of this job
        muster hosts hosts --to openmpi       a hostfile for mpirun, with slots
        muster hosts hosts --format mpich --json

      What is the path of a file is read as a hostfile of Open MPI, MPICH, Julia, Slurm, PBS or LSF; what is not is a node \
      list; - is standard input. Without any of them the hosts are those of the job (Slurm, PBS, LSF) that this is run in, \
      and outside of a job what standard input names.
      """)

  /// What is printed.
  enum Form: String, CaseIterable, ExpressibleByArgument {
    case names, list, openmpi, mpich, julia, slurm, pbs, lsf
  }

  @Argument(
    help: ArgumentHelp("Node lists such as n[1-4], and hostfiles.", valueName: "list or file"), completion: .file())
  var sources: [String] = []

  @Option(help: "Whose grammar the hostfiles have, where that cannot be seen.")
  var format: Hostfile.Format?

  @Option(help: ArgumentHelp("What is printed: a name a line, a node list, or a hostfile.", valueName: "form"))
  var to: Form?

  @Flag(help: "A node list: the same as --to list.")
  var compact = false

  @Flag(help: "An array of objects: host, workers, and what else is known.")
  var json = false

  func validate() throws {
    if [to != nil, compact, json].count(where: { $0 }) > 1 {
      throw ValidationError("--to, --compact and --json exclude each other")
    }
  }

  func run() throws {
    let machines = try machines()
    if json { return try printJSON(machines.map(MachineRecord.init)) }
    let hostfile = Hostfile(machines)
    switch to ?? (compact ? .list : .names) {
    case .names: for machine in hostfile.machines { print(machine.host) }
    case .list: print(NodeList(hostfile.machines.map(\.host)))
    case let form: print(try hostfile.formatted(Hostfile.Format(rawValue: form.rawValue)!), terminator: "")
    }
  }

  private func machines() throws -> [MachineSpec] {
    guard sources.isEmpty else { return try sources.flatMap(read) }
    if let allocation = try Allocation.current() { return allocation.machines }
    guard isatty(STDIN_FILENO) == 0 else {
      throw ValidationError("this is no job of Slurm, PBS or LSF: give a node list such as 'n[1-4]', or a hostfile")
    }
    return try parse(standardInput())
  }

  private func read(_ source: String) throws -> [MachineSpec] {
    if source == "-" { return try parse(standardInput()) }
    if access(source, F_OK) == 0 { return try Hostfile(contentsOf: source, format: format).machines }
    return try NodeList(parsing: source).hosts.map { MachineSpec($0) }
  }

  private func parse(_ text: String) throws -> [MachineSpec] {
    try Hostfile(parsing: text, file: "standard input", format: format).machines
  }

  private func standardInput() -> String {
    var text = ""
    while let line = readLine(strippingNewline: false) { text += line }
    return text
  }
}

extension Hostfile.Format: ExpressibleByArgument {}

/// A machine for other programs.
struct MachineRecord: Encodable {
  let host: String
  /// `nil`: one for every core.
  let workers: Int?
  let user: String?
  let port: UInt16?
  let bindAddress: String?
  let dir: String?
  let exename: String?
  let env: [String: String]?

  init(_ machine: MachineSpec) {
    host = machine.host
    workers = machine.count.exactValue
    user = machine.user
    port = machine.port
    bindAddress = machine.bindAddress
    dir = machine.dir
    exename = machine.exename
    env = machine.env.isEmpty ? nil : machine.env
  }
}

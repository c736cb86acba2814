import ArgumentParser
import Muster

/// Which machine is meant.
struct MachineOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("A machine that lstopo --of xml has written down.", valueName: "file"), completion: .file())
  var xml: String?

  @Option(
    help: ArgumentHelp("An imagined machine in hwloc's words: 'package:2 numa:2 core:8 pu:2'.", valueName: "words"))
  var synthetic: String?

  @Option(
    help: ArgumentHelp(
      "A node of the Slurm job that this is run in; otherwise a host that ssh can log in to.", valueName: "host"))
  var on: String?

  func validate() throws {
    if [xml, synthetic, on].count(where: { $0 != nil }) > 1 {
      throw ValidationError("--xml, --synthetic and --on exclude each other")
    }
  }

  /// The machine and its name.
  func topology() async throws -> (name: String, topology: HardwareTopology) {
    if let xml { return (xml.split(separator: "/").last.map(String.init) ?? xml, try HardwareTopology(xmlFile: xml)) }
    if let synthetic { return ("imagined machine", try HardwareTopology(synthetic: synthetic)) }
    guard let on else { return ("this machine", try .thisMachine()) }
    return (on, try await Self.ask(on))
  }

  /// Starts one worker there, which is not bound, so that it sees all that the job has.
  private static func ask(_ host: String) async throws -> HardwareTopology {
    var options = AddprocsOptions()
    options.bindTo = .none
    let isOfJob = try Allocation.current()?.scheduler == .slurm
    let manager: any ClusterManager =
      isOfJob ? try SlurmManager(ntasks: 1, nodelist: [host]) : SSHManager([MachineSpec(host)])
    let workers = try await addprocs(manager, options: options)
    let topology = try await remotecallFetch(TellTopology(), on: workers[0])
    try await rmprocs(workers)
    return topology
  }
}

/// What the machine of a worker is.
struct TellTopology: RemoteThunk {
  func callAsFunction() throws -> HardwareTopology { try .thisMachine() }
}

import ArgumentParser
import FoundationEssentials
import Muster

/// `muster topo`
struct Topo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draws a machine, and where workers run on it.",
    usage: "muster topo [<machine>] [--workers <n>] [<placement>] [--nodes <n>] [--svg <file>] [--json]",
    discussion: """
      EXAMPLES:
        muster topo                              this machine, for this job
        muster topo --workers 4 --placement numa
        muster topo --synthetic 'package:2 l3:2 core:4 pu:2' --workers 8
        muster topo --xml node.xml --svg node.svg
        muster topo --on n3                      a node of the job, or by ssh

      In a cell stands the number of a core, and for each of its hardware threads the worker there, . for none, and - for \
      one that this job may not use. Workers have numbers from 2 on, as in a program; those not bound stand nowhere.
      """)

  @OptionGroup(title: "Machine") var machine: MachineOptions
  @OptionGroup(title: "Placement") var placement: PlacementOptions

  @Option(
    help: ArgumentHelp("How many workers, or auto: one for every core.", valueName: "n"),
    transform: WorkerCount.init(argument:))
  var workers: WorkerCount?

  @Option(help: ArgumentHelp("Draws so many machines of this kind.", valueName: "n"))
  var nodes = 1

  @Option(
    help: ArgumentHelp("Writes a picture as SVG there; - is standard output.", valueName: "file"), completion: .file())
  var svg: String?

  @Flag(help: "The machine and the placement as an object.")
  var json = false

  func validate() throws {
    guard (1...64).contains(nodes) else { throw ValidationError("--nodes takes a number from 1 to 64") }
    if svg != nil, nodes > 1 { throw ValidationError("--svg draws one machine: leave --nodes out") }
  }

  func run() async throws {
    let (name, topology) = try await machine.topology()
    let all = (1...nodes).map { number in
      PlacementPlan.Node(
        name: nodes == 1 ? name : "\(name) \(number)", topology: topology, reservedCores: placement.reservedCores)
    }
    let plan = try workers.map {
      try placement.plan(count($0, on: topology) * (($0.exactValue == nil) ? nodes : 1), on: all)
    }
    if json { return try printJSON(TopologyRecord(name, topology, plan)) }
    if let svg { return try write(drawing(of: 0, all[0], plan).svg(), to: svg) }
    for (index, node) in all.enumerated() { show(index, node, plan) }
  }

  private func count(_ workers: WorkerCount, on topology: HardwareTopology) throws -> Int {
    if let count = workers.exactValue { return count }
    let cores = topology.parts(.core, of: topology.allowed).count - placement.reservedCores
    return max(1, cores / max(1, placement.threadsPerWorker ?? 1))
  }

  private func show(_ index: Int, _ node: PlacementPlan.Node, _ plan: PlacementPlan?) {
    let terminal = Terminal.standardOutput
    print(terminal.styled("\(node.name): \(node.topology)", .bold))
    let drawing = drawing(of: index, node, plan)
    print(drawing.text(width: terminal.width) { terminal.styled($0, .worker($1)) })
    guard let plan else { return }
    var table = Table(["worker", "runs on"])
    for (number, worker) in plan.workers.enumerated() where worker.node == index {
      table.add(["\(number + 2)", "\(worker.isBound ? node.topology.location(of: worker.cpus) : "not bound")"])
    }
    for line in table.lines(on: terminal) { print(line) }
  }

  private func drawing(of index: Int, _ node: PlacementPlan.Node, _ plan: PlacementPlan?) -> TopologyDrawing {
    let workers = (plan?.workers ?? []).enumerated().filter { $0.element.node == index && $0.element.isBound }
    return TopologyDrawing(
      node.topology, name: node.name,
      workers: workers.map { TopologyDrawing.Worker(name: "\($0.offset + 2)", cpus: $0.element.cpus) })
  }

  private func write(_ text: String, to path: String) throws {
    guard path != "-" else { return print(text, terminator: "") }
    try Data(text.utf8).write(to: URL(filePath: path))
  }
}

extension WorkerCount {
  init(argument: String) throws {
    if argument == "auto" {
      self = .auto
    } else if let count = Int(argument), count > 0 {
      self = .exactly(count)
    } else {
      throw ValidationError("it is auto, or a number of at least 1")
    }
  }
}

/// A machine and a placement for other programs.
struct TopologyRecord: Encodable {
  struct Worker: Encodable {
    let worker: Int
    let node: String
    let cpus: CPUSet
    let isBound: Bool
  }

  let name: String
  let cpus: CPUSet
  let allowed: CPUSet
  let objects: [String: [HardwareTopology.Object]]
  let workers: [Worker]?

  init(_ name: String, _ topology: HardwareTopology, _ plan: PlacementPlan?) {
    self.name = name
    cpus = topology.cpus
    allowed = topology.allowed
    let levels = TopologyLevel.allCases.filter { $0 != .node && !topology[$0].isEmpty }
    objects = Dictionary(uniqueKeysWithValues: levels.map { ($0.rawValue, topology[$0]) })
    workers = plan?.workers.enumerated().map { index, worker in
      Worker(worker: index + 2, node: plan!.nodes[worker.node].name, cpus: worker.cpus, isBound: worker.isBound)
    }
  }
}

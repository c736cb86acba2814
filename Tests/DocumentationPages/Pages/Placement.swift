import Muster

enum PlacementPage: Page {
  static func run() async throws {
    try await plan()
    let options = policies()
    try expect("\(options.placement)" == "scatter:strict", "\(options.placement)")
    try await bindings()
  }

  static func policies() -> AddprocsOptions {
    var options = AddprocsOptions()
    options.placement = .package  // a package in turn
    options.placement = .block(.numaNode)  // as many on each NUMA node, consecutive ones together
    options.placement = .perObject(2, .l3Cache)  // two on each L3 cache, in order
    options.placement = .cpus([0, 2, 4, 6])  // these CPUs of every node
    options.placement = .scatter.strict  // as far apart as possible, and an error if there are too few cores
    return options
  }

  static func threads() async throws {
    var options = AddprocsOptions()
    options.threadsPerWorker = 4  // each worker gets four cores, and so do its BLAS and OpenMP
    options.reservedCores = 1  // the first core of this machine is process 1's
    try await addprocs(.auto, options: options)
  }

  static func bindings() async throws {
    try await addprocs(2)
    print(reportBindings())
  }

  static func plan() async throws {
    let machine = try HardwareTopology(synthetic: "package:2 l3:1 core:4 pu:2")
    let node = PlacementPlan.Node(name: "n1", topology: machine)
    let plan = try PlacementPlan(workers: 2, on: [node], policy: .scatter, threadsPerWorker: 2)
    print(plan.report())
    try expect(plan.workers.map(\.cpus.description) == ["0-3", "8-11"], plan.report())
  }
}

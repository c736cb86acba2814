import Muster

extension Row {
  /// Planning 10,000 workers on 1,000 nodes of 128 cores: in turn over the L3 caches of all nodes, two cores each. Nothing
  /// moves, so the socket does not matter.
  static let placement10k = Row(name: "placement10k", transports: [.unix], targets: .everywhere(.atMost(1))) { bench in
    let topology = try HardwareTopology(synthetic: "package:2 numa:4 l3:2 l2:8 core:1 pu:2")
    try check(topology[.core].count, is: 128, "the number of cores of a node")
    let count = 1_000
    let nodes = (0..<count).map { PlacementPlan.Node(name: "n\($0)", topology: topology) }
    let ours = try await bench.repeated(blocks: bench.isQuick ? 1 : 5) {
      var samples = Samples()
      let start = now()
      let plan = try PlacementPlan(
        workers: 10 * count, on: nodes, policy: .l3Cache.spanning.strict, threadsPerWorker: 2)
      samples.record(since: start)
      try checkPlan(plan, nodes: count)
      return samples
    }
    return .time("placement10k", bench, ours)
  }

  /// Every worker has two cores of its own.
  private static func checkPlan(_ plan: PlacementPlan, nodes: Int) throws {
    var taken = [CPUSet](repeating: [], count: nodes)
    for worker in plan.workers {
      try check(worker.isBound && worker.cpus.count == 4, is: true, "that a worker has two cores")
      try check(taken[worker.node].isDisjoint(with: worker.cpus), is: true, "that workers share nothing")
      taken[worker.node].formUnion(worker.cpus)
    }
    try check(plan.workers.count, is: 10 * nodes, "the number of workers")
  }
}

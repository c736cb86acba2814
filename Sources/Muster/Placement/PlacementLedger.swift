/// Which workers were put where: a plain value of process 1. What is bound to a worker is not given to another as long as
/// the first is there.
struct PlacementLedger: Sendable {
  struct Entry: Sendable {
    let node: PlacementPlan.Node
    let worker: PlacementPlan.Worker
    let memory: MemoryPolicy
    let isStrict: Bool
    /// What the worker said that it may run on.
    var actual: CPUSet?

    /// What the worker has to do.
    var binding: Binding {
      var binding = Binding()
      if worker.isBound || node.reservedCores > 0 { binding.cpus = worker.cpus }
      switch memory {
      case .local: binding.memory = .local
      case .interleave: binding.memory = .interleaved(node.topology.allowedMemory)
      case .none: break
      }
      return binding
    }
  }

  private var entries: [ProcessID: Entry] = [:]

  subscript(_ pid: ProcessID) -> Entry? { entries[pid] }

  /// Plans for new workers around those that there are.
  mutating func place(
    _ pids: [ProcessID], on nodes: [PlacementPlan.Node], _ options: AddprocsOptions
  ) throws(ClusterError) -> PlacementPlan {
    var nodes = nodes
    for index in nodes.indices {
      for entry in entries.values where entry.worker.isBound && entry.node.name == nodes[index].name {
        nodes[index].occupied.formUnion(entry.worker.cpus)
      }
    }
    let plan = try PlacementPlan(
      workers: pids.count, on: nodes, policy: options.placement, bindTo: options.bindTo,
      threadsPerWorker: Self.threads(for: pids.count, on: nodes, options))
    for (pid, worker) in zip(pids, plan.workers) {
      entries[pid] = Entry(
        node: nodes[worker.node], worker: worker, memory: options.placement.memory, isStrict: options.placement.isStrict
      )
    }
    return plan
  }

  mutating func joined(_ pid: ProcessID, actual: CPUSet) { entries[pid]?.actual = actual }

  mutating func release(_ pid: ProcessID) { entries[pid] = nil }

  /// Threaded libraries without a number of threads: what there is, in equal parts.
  private static func threads(
    for count: Int, on nodes: [PlacementPlan.Node], _ options: AddprocsOptions
  ) -> Int {
    if let threads = options.threadsPerWorker { return threads }
    guard options.enableThreadedBLAS else { return 1 }
    let cores = nodes.reduce(0) { cores, node in
      let usable = node.topology.allowed.subtracting(node.occupied)
      return cores + node.topology.parts(.core, of: usable).count - node.reservedCores
    }
    return max(1, cores / max(1, count))
  }

  /// One line for each worker: where it was put, and what it really has if that is something else.
  func report() -> String {
    var pictures: [String: TopologyPicture] = [:]
    return entries.sorted { $0.key < $1.key }.map { pid, entry in
      let topology = entry.node.topology
      let picture = pictures[entry.node.name] ?? TopologyPicture(of: topology)
      pictures[entry.node.name] = picture
      let text = entry.worker.text(on: topology, picture)
      let difference = entry.binding.cpus.flatMap { wanted in
        entry.actual.flatMap { $0 == wanted ? nil : " (but it runs on CPU \($0))" }
      }
      return "worker \(pid) on \(entry.node.name): \(text)\(difference ?? "")"
    }.joined(separator: "\n")
  }
}

import Logging
import Synchronization

/// Workers are placed when they are launched, bind themselves when they start, and are checked when they join.
extension LaunchRequest {
  /// Plans where the workers run, as `options.placement`, `bindTo`, `threadsPerWorker` and `reservedCores` say and around
  /// the workers that there are. To be called before invitations are made: these tell each worker what to bind itself
  /// to.
  ///
  /// A manager that does not call this, or whose launcher binds processes itself, starts workers that are not bound.
  ///
  /// - Parameter nodes: the machines on which the workers can be; what other workers are bound to is filled in.
  /// - Returns: the plan; its workers are in the order of `workers`.
  /// - Throws: as `PlacementPlan`.
  @discardableResult
  public func place(on nodes: [PlacementPlan.Node]) throws -> PlacementPlan { try place(workers, on: nodes) }

  /// Plans for some of the workers, of which it is known already that they run on one machine.
  @discardableResult
  package func place(_ workers: [LaunchedWorker], on node: PlacementPlan.Node) throws -> PlacementPlan {
    try place(workers, on: [node])
  }

  /// Plans for some of the workers.
  func place(_ workers: [LaunchedWorker], on nodes: [PlacementPlan.Node]) throws -> PlacementPlan {
    let cluster = Cluster.current
    let pids = workers.map(\.pid)
    let plan = try cluster.placements.withLock { (ledger) throws(ClusterError) in
      try ledger.place(pids, on: nodes, options)
    }
    cluster.logger(.placement).debug("placement '\(options.placement)':\n\(plan.report(pids))")
    return plan
  }

  /// The variables that a worker's environment is to have besides those of process 1: `options.env`, and for BLAS
  /// libraries and OpenMP the number of threads, which is 1 unless `options.threadsPerWorker` is given, or
  /// `enableThreadedBLAS`: then it is the width of its cpuset.
  public func environment(for worker: LaunchedWorker) -> [String: String] {
    let entry = Cluster.current.placements.withLock { $0[worker.pid] }
    let count = options.threadsPerWorker ?? (options.enableThreadedBLAS ? entry.map(width) ?? 1 : 1)
    let threads = Dictionary(uniqueKeysWithValues: Self.threadVariables.map { ($0, String(count)) })
    return threads.merging(options.env) { $1 }
  }

  /// By which BLAS libraries and OpenMP are told their number of threads.
  package static let threadVariables = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]

  /// In cores, or in hardware threads where a worker has less than a core.
  private func width(_ entry: PlacementLedger.Entry) -> Int {
    let level: TopologyLevel = options.bindTo == .hardwareThread ? .hardwareThread : .core
    return max(1, entry.node.topology.parts(level, of: entry.worker.cpus).count)
  }
}

extension Cluster {
  /// Compares what a worker got with what it was to get.
  ///
  /// - Throws: `ClusterError` `.launchFailed` where it differs and the policy is strict.
  func verify(_ arrival: Arrival, _ pid: ProcessID) throws(ClusterError) {
    let entry = placements.withLock { ledger in
      ledger.joined(pid, actual: arrival.cpus)
      return ledger[pid]
    }
    guard let entry, let complaint = Self.difference(arrival, entry.binding) else { return }
    let message = "worker \(pid) on \(entry.node.name) is not placed as planned: \(complaint)"
    if entry.isStrict { throw ClusterError(.launchFailed, message, worker: pid) }
    logger(.placement).warning("\(message)")
  }

  private static func difference(_ arrival: Arrival, _ wanted: Binding) -> String? {
    let refusal = arrival.refusal.map { " (\($0))" } ?? ""
    if let cpus = wanted.cpus, cpus != arrival.cpus {
      return "it was to be bound to the CPUs \(cpus) and may run on \(arrival.cpus)\(refusal)"
    }
    return arrival.refusal
  }
}

/// Where the workers of this cluster run: one line for each that was placed, with node, package, NUMA node, cores and
/// CPUs, and a picture of the machine in which `B` stands for each hardware thread that the worker is bound to, `.` for
/// others and `-` for those that the job may not use. What a worker really has stands behind it if that differs.
///
/// In process 1; nothing on workers. `PlacementPlan.report` says the same of a plan.
public func reportBindings() -> String { Cluster.current.placements.withLock { $0.report() } }

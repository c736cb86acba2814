import Glibc
import Logging
import Synchronization

/// Starts workers with Slurm.
///
/// In a job (sbatch, salloc) one worker for each of its tasks, or for some of them, by one step of the job. Outside of a job
/// srun asks for one first, and `addprocs` waits for it as long as that takes.
///
///     try await addprocs(SlurmManager())                                              // in a job
///     try await addprocs(SlurmManager(ntasks: 64, srun: ["-p", "short", "-t", "10"])) // outside
///
/// srun starts an agent, which starts the workers of its node, passes on what they print, and ends with process 1.
public final class SlurmManager: ClusterManager, CustomStringConvertible {
  /// Who says on which CPUs of its node a worker runs.
  public enum Binding: Sendable, Hashable {
    /// Muster, as `options.placement` and its neighbours say, within what the job has. Outside of a job it is srun.
    case automatic
    /// srun, as its option `--cpu-bind` says: `cores`, `none`, `map_cpu:…`; as the site has it if `nil`.
    case srun(String? = nil)
  }

  private let allocation: SlurmAllocation?
  private let part: [SlurmAllocation.Node]
  let step: SlurmStep
  /// Those of an `addprocs` are together: one for each component of the job.
  private let launched = Mutex<[[SlurmLaunch]]>([])
  private let fleets = Mutex<[ProcessID: SlurmLaunch]>([:])
  private let exitTimeout: Duration

  /// - Parameters:
  ///   - ntasks: how many workers; in a job one for each of its tasks if `nil`.
  ///   - nodelist: in a job, only on these of its nodes.
  ///   - nodes: outside of a job, on how many nodes.
  ///   - ntasksPerNode: how many workers on each node; as the job says if `nil`.
  ///   - cpusPerTask: CPUs for each worker; as the job says if `nil`.
  ///   - binding: who binds workers to CPUs.
  ///   - srun: further options of srun, such as `["--partition=short", "--time=10"]`. With `--output` or `--error` what
  ///     workers print goes where these say, and not through process 1.
  ///   - exitTimeout: how long a worker that was asked to leave may take before it is sent SIGQUIT, and then, after as
  ///     long again, SIGKILL.
  /// - Throws: `ClusterError` `.invalidArgument` outside of a job without `ntasks` (it names the variable that is missing),
  ///   for nodes and tasks that the job does not have, and for an option of srun that Muster sets itself.
  public init(
    ntasks: Int? = nil, nodelist: [String]? = nil, nodes: Int? = nil, ntasksPerNode: Int? = nil,
    cpusPerTask: Int? = nil,
    binding: Binding = .automatic, srun: [String] = [], exitTimeout: Duration = .seconds(5)
  ) throws(ClusterError) {
    for (name, value) in [
      ("ntasks", ntasks), ("nodes", nodes), ("ntasksPerNode", ntasksPerNode), ("cpusPerTask", cpusPerTask),
    ] {
      guard let value, value < 1 else { continue }
      throw ClusterError(.invalidArgument, "SlurmManager: \(name) is \(value): it must be at least 1")
    }
    self.exitTimeout = exitTimeout
    let environment = currentEnvironment()
    let isInside = environmentVariable("SLURM_JOB_ID") != nil
    let options = try SrunOptions(srun, allocates: !isInside)
    if isInside, nodes != nil {
      throw ClusterError(
        .invalidArgument, "SlurmManager: nodes is for outside of a job: in one say which, with nodelist")
    }
    if !isInside, nodelist != nil {
      throw ClusterError(
        .invalidArgument,
        "SlurmManager: nodelist is for inside of a job: to ask for certain nodes give srun: [\"--nodelist=…\"]")
    }
    if !isInside, let ntasks {
      allocation = nil
      part = []
      step = SlurmStep(
        unit: .task, place: .newJob(ntasks: ntasks, nodes: nodes, ntasksPerNode: ntasksPerNode),
        cpusPerTask: cpusPerTask, cpuBind: binding.option, options: options, command: [])
      return
    }
    let allocation = try SlurmAllocation(environment: environment)
    part = try allocation.part(nodes: nodelist, perNode: ntasksPerNode, count: ntasks)
    step = SlurmStep(
      unit: binding == .automatic ? .node : .task, place: .nodes(part),
      cpusPerTask: cpusPerTask, cpuBind: binding.option, options: options, command: [])
    self.allocation = allocation
  }

  public var description: String {
    guard let allocation else { return "SlurmManager(\(step.agents) tasks of a job of their own)" }
    return "SlurmManager(\(part.reduce(0) { $0 + $1.tasks }) tasks of job \(allocation.job))"
  }

  /// Workers get as many cores as the job has CPUs for each task.
  public var defaultOptions: AddprocsOptions {
    var options = AddprocsOptions()
    // Where components of the job differ, as many as there are everywhere.
    let cpus = step.cpusPerTask ?? part.compactMap(\.cpusPerTask).min()
    if step.unit == .node, let cpus, cpus > 1 { options.threadsPerWorker = cpus }
    return options
  }

  public func needsNetwork(_ options: AddprocsOptions) -> Bool { true }

  public func workerCount() throws -> Int { step.workers }

  /// Starts the step and waits for its agents, so that the time in the queue is no time of a launch.
  public func workerCount(_ options: AddprocsOptions) async throws -> Int {
    let count = try workerCount()
    try options.validate(count: count)
    let command = step.running(try options.exename ?? LocalManager.ownExecutable())
    var launches: [SlurmLaunch] = []
    do {
      for step in command.componentSteps {
        launches.append(try await SlurmLaunch.start(step, options, exitTimeout: exitTimeout))
      }
    } catch {
      // Also where this task has been cancelled: with patience.
      await Cluster.current.shielded { [launches] in await Self.cancel(launches) }
      throw error
    }
    launched.withLock { [launches] in $0.append(launches) }
    return count
  }

  public func cancelLaunch() async {
    while let launches = launched.withLock({ $0.popLast() }) { await Self.cancel(launches) }
  }

  private static func cancel(_ launches: [SlurmLaunch]) async {
    for launch in launches { await launch.cancel() }
  }

  public func launch(_ request: LaunchRequest) async throws {
    guard let launches = launched.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else {
      throw ClusterError(.invalidArgument, "SlurmManager.launch: workerCount(_:) has not been called before")
    }
    var rest = request.workers[...]
    let parts = launches.map { launch in
      let workers = Array(rest.prefix(launch.workers))
      rest = rest.dropFirst(workers.count)
      for worker in workers { fleets.withLock { $0[worker.pid] = launch } }
      return (launch, workers)
    }
    do {
      try await withThrowingDiscardingTaskGroup { group in
        for (launch, workers) in parts { group.addTask { try await launch.launch(workers, request) } }
      }
    } catch {
      await Self.cancel(launches)
      throw error
    }
  }

  public func kill(_ pid: ProcessID, _ config: WorkerConfig) async throws {
    await fleets.withLock { $0[pid] }?.kill(pid)
    fleets.withLock { $0[pid] = nil }
  }

  public func lossReason(_ pid: ProcessID, _ config: WorkerConfig) async -> String? {
    await fleets.withLock { $0[pid] }?.lossReason(pid)
  }
}

extension SlurmManager.Binding {
  /// What `--cpu-bind` is to say.
  var option: String? {
    if case .srun(let text) = self { return text }
    return nil
  }
}

extension SlurmStep {
  /// The step whose tasks run this executable.
  func running(_ executable: String) -> SlurmStep {
    SlurmStep(
      unit: unit, place: place, cpusPerTask: cpusPerTask, cpuBind: cpuBind, options: options,
      command: [executable, Invitation.flag])
  }
}

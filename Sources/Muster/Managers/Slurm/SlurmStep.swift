/// What srun is to start: a plain value, from which its command line follows.
struct SlurmStep: Sendable, Hashable {
  /// What starts with one task of the step.
  enum Unit: Sendable, Hashable {
    /// An agent for each node, which may use all of it that the job has, and places the workers itself.
    case node
    /// An agent for each worker, which is bound by srun.
    case task
  }

  enum Place: Sendable, Hashable {
    /// Tasks of the job.
    case nodes([SlurmAllocation.Node])
    /// srun asks for them.
    case newJob(ntasks: Int, nodes: Int?, ntasksPerNode: Int?)
  }

  let unit: Unit
  let place: Place
  /// As the job, or each of its components, says if `nil`.
  var cpusPerTask: Int?
  /// How srun binds, where it does.
  var cpuBind: String?
  let options: SrunOptions
  /// Of a worker.
  let command: [String]

  /// One for each component of the job: of a step for several, srun hands its standard input, and so the invitation, to the
  /// tasks of the first only.
  var componentSteps: [SlurmStep] {
    guard case .nodes(let nodes) = place else { return [self] }
    let components = Set(nodes.compactMap(\.component)).sorted()
    guard components.count > 1 else { return [self] }
    return components.map { component in
      SlurmStep(
        unit: unit, place: .nodes(nodes.filter { $0.component == component }), cpusPerTask: cpusPerTask,
        cpuBind: cpuBind, options: options, command: command)
    }
  }

  /// How many workers there will be.
  var workers: Int {
    switch place {
    case .newJob(let count, _, _): count
    case .nodes(let nodes): nodes.reduce(0) { $0 + $1.tasks }
    }
  }

  /// How many agents there will be.
  var agents: Int {
    if case (.nodes(let nodes), .node) = (place, unit) { return nodes.count }
    return workers
  }

  /// The arguments of srun.
  var arguments: [String] {
    switch place {
    case .newJob(let ntasks, let nodes, let perNode):
      var words = common + ["--ntasks=\(ntasks)", "--cpus-per-task=\(cpusPerTask ?? 1)"]
      if let nodes { words.append("--nodes=\(nodes)") }
      if let perNode { words.append("--ntasks-per-node=\(perNode)") }
      return words + binding + options.words + command
    case .nodes(let nodes):
      return (nodes.first?.component.map { ["--het-group=\($0)"] } ?? []) + part(nodes)
    }
  }

  /// All its tasks read the same standard input; one that ends, or a node that is lost, does not end the others; and what
  /// they write comes at once.
  private var common: [String] { ["--input=all", "--wait=0", "--kill-on-bad-exit=0", "--no-kill", "--unbuffered"] }

  private var binding: [String] { cpuBind.map { ["--cpu-bind=\($0)"] } ?? [] }

  private func part(_ nodes: [SlurmAllocation.Node]) -> [String] {
    var words = common + ["--overlap", "--nodes=\(nodes.count)"]
    switch unit {
    case .node:
      words += ["--whole", "--ntasks=\(nodes.count)", "--ntasks-per-node=1"]
      words += ["--nodelist=\(NodeList(nodes.map(\.name)))", "--cpu-bind=none"]
    case .task:
      let tasks = nodes.reduce(0) { $0 + $1.tasks }
      // Node by node, as often as it has tasks.
      let list = nodes.flatMap { Array(repeating: $0.name, count: $0.tasks) }.joined(separator: ",")
      words += ["--exact", "--ntasks=\(tasks)", "--cpus-per-task=\(cpusPerTask ?? nodes.first?.cpusPerTask ?? 1)"]
      words += ["--distribution=arbitrary", "--nodelist=\(list)"] + binding
    }
    return words + options.words + command
  }
}

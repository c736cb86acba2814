/// What a job has been given, as Slurm tells it in the environment (srun(1), sbatch(1): output environment variables); a
/// plain value.
struct SlurmAllocation: Sendable, Hashable {
  struct Node: Sendable, Hashable {
    let name: String
    /// How many tasks the job is to have there.
    var tasks: Int
    /// The component of a heterogeneous job.
    let component: Int?
    /// What its component of the job was asked for with, if it was said.
    var cpusPerTask: Int?
  }

  let job: String
  /// In the order in which Slurm counts tasks.
  let nodes: [Node]

  var tasks: Int { nodes.reduce(0) { $0 + $1.tasks } }

  /// Reads the allocation that a process runs in.
  ///
  /// - Throws: `ClusterError` `.invalidArgument` that names the variable that is missing or cannot be read.
  init(environment: [String: String]) throws(ClusterError) {
    guard let job = environment["SLURM_JOB_ID"], !job.isEmpty else {
      throw ClusterError(
        .invalidArgument,
        "SLURM_JOB_ID is not set, so this is no Slurm job: start the program with sbatch or salloc, or say how many tasks "
          + "srun is to ask for: SlurmManager(ntasks: 4)")
    }
    self.job = job
    if let size = environment["SLURM_HET_SIZE"].flatMap({ Int($0) }), size > 1 {
      var nodes: [Node] = []
      for component in 0..<size {
        nodes += try Self.nodes(environment, suffix: "_HET_GROUP_\(component)", component: component)
      }
      self.nodes = nodes
    } else {
      nodes = try Self.nodes(environment, suffix: "", component: nil)
    }
  }

  private static func nodes(
    _ environment: [String: String], suffix: String, component: Int?
  ) throws(ClusterError) -> [Node] {
    let names = try NodeList(parsing: try value("SLURM_JOB_NODELIST" + suffix, environment)).hosts
    let cpusPerTask = number("SLURM_CPUS_PER_TASK" + suffix, environment)
    return zip(names, try taskCounts(environment, suffix, nodes: names.count)).map {
      Node(name: $0, tasks: $1, component: component, cpusPerTask: cpusPerTask)
    }
  }

  /// In a step of the job the variables for tasks say what the step has; then what fits by CPUs counts.
  private static func taskCounts(
    _ environment: [String: String], _ suffix: String, nodes: Int
  ) throws(ClusterError) -> [Int] {
    if environment["SLURM_STEP_ID"] == nil, let text = environment["SLURM_TASKS_PER_NODE" + suffix] {
      let counts = try counts(text, "SLURM_TASKS_PER_NODE" + suffix)
      if counts.count == nodes { return counts }
    }
    let name = "SLURM_JOB_CPUS_PER_NODE" + suffix
    let cpus = try counts(try value(name, environment), name)
    guard cpus.count == nodes else {
      throw ClusterError(.invalidArgument, "\(name) is for \(cpus.count) nodes, but the job has \(nodes)")
    }
    let perTask = max(1, number("SLURM_CPUS_PER_TASK" + suffix, environment) ?? 1)
    return cpus.map { max(1, $0 / perTask) }
  }

  /// Reads `2(x3),1`: three times two, then one.
  static func counts(_ text: String, _ name: String) throws(ClusterError) -> [Int] {
    do throws(ClusterError) {
      return try TaskCounts(parsing: text).counts
    } catch {
      throw ClusterError(.invalidArgument, "\(name) is '\(text)', and should be like 2(x3),1: \(error.message)")
    }
  }

  private static func number(_ name: String, _ environment: [String: String]) -> Int? {
    environment[name].flatMap { Int($0) }
  }

  private static func value(_ name: String, _ environment: [String: String]) throws(ClusterError) -> String {
    guard let value = environment[name], !value.isEmpty else {
      throw ClusterError(.invalidArgument, "\(name) is not set, though SLURM_JOB_ID is: Slurm sets both in a job")
    }
    return value
  }

  // MARK: Parts of it

  /// Some of the tasks.
  ///
  /// - Parameters:
  ///   - names: only these nodes; all if `nil`.
  ///   - perNode: as many on each node, whatever the job says.
  ///   - count: as many in all, the first ones.
  /// - Throws: `ClusterError` `.invalidArgument` for nodes and tasks that the job does not have.
  func part(nodes names: [String]?, perNode: Int?, count: Int?) throws(ClusterError) -> [Node] {
    if let names, let stranger = names.first(where: { name in !nodes.contains { $0.name == name } }) {
      throw ClusterError(
        .invalidArgument,
        "SlurmManager: job \(job) does not have the node \(stranger): it has \(NodeList(nodes.map(\.name)))")
    }
    var part = nodes.filter { names?.contains($0.name) ?? true }
    if let perNode { for index in part.indices { part[index].tasks = perNode } }
    guard let count else { return part.filter { $0.tasks > 0 } }
    let room = part.reduce(0) { $0 + $1.tasks }
    guard count <= room else {
      throw ClusterError(
        .invalidArgument,
        "SlurmManager: \(count) tasks were asked for, but job \(job) has \(room)"
          + (names == nil ? "" : " on \(NodeList(part.map(\.name)))"))
    }
    var left = count
    return part.compactMap { node in
      var node = node
      node.tasks = min(left, node.tasks)
      left -= node.tasks
      return node.tasks > 0 ? node : nil
    }
  }
}

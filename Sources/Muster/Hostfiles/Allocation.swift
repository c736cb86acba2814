/// The hosts that a batch scheduler has given this job, and how many workers each.
///
/// Inside one a list of machines is a filter: what is not of the job is an error, and counts are capped.
public struct Allocation: Sendable, Hashable {
  /// Who has given them.
  public enum Scheduler: String, Sendable, Hashable, CaseIterable {
    case slurm = "Slurm"
    case pbs = "PBS"
    case lsf = "LSF"
  }

  /// Who has given them.
  public let scheduler: Scheduler
  /// The number of the job, as the scheduler writes it.
  public let id: String
  /// Its hosts, and how many workers each.
  public let machines: [MachineSpec]

  /// Such as `Slurm job 17`.
  public var job: String { "\(scheduler.rawValue) job \(id)" }

  /// The job that this process runs in; `nil` outside of any.
  ///
  /// - Throws: `ClusterError` `.invalidArgument` for variables of a job that are not as the scheduler writes them.
  public static func current() throws(ClusterError) -> Allocation? { try Allocation(currentEnvironment()) }

  /// The machines as far as the job has them.
  ///
  /// - Returns: with what has been cut off, a sentence each.
  /// - Throws: `ClusterError` `.invalidArgument` for a host that is not the job's.
  func filter(_ wanted: [MachineSpec]) throws(ClusterError) -> (machines: [MachineSpec], notes: [String]) {
    var left = machines.map { $0.count.exactValue ?? 1 }
    var result: [MachineSpec] = []
    var notes: [String] = []
    for machine in wanted {
      guard let index = machines.firstIndex(where: { Self.isSame($0.host, machine.host) }) else {
        throw ClusterError(
          .invalidArgument,
          "\(machine.host) is not a host of \(job), which has \(NodeList(machines.map(\.host))): leave it out, "
            + "or ask the scheduler for it")
      }
      let count = min(machine.count.exactValue ?? left[index], left[index])
      if let asked = machine.count.exactValue, count < asked {
        notes.append("\(machine.host): \(count) of the \(asked) workers asked for, because \(job) has no more there")
      }
      left[index] -= count
      guard count > 0 else { continue }
      var capped = machine
      capped.count = .exactly(count)
      result.append(capped)
    }
    return (result, notes)
  }

  /// A name with its domain is the same host as one without.
  static func isSame(_ a: String, _ b: String) -> Bool {
    let (a, b) = (a.lowercased(), b.lowercased())
    if a == b { return true }
    guard a.contains(".") != b.contains(".") else { return false }
    return a.prefix { $0 != "." } == b.prefix { $0 != "." }
  }
}

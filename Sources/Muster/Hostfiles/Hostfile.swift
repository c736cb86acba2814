/// The machines that a hostfile names, whichever program it was written for.
///
/// Comments (`#` to the end of the line) and empty lines are allowed in all grammars. Behind a host of the grammars that
/// people write (Open MPI, MPICH, Julia) there may be `dir=PATH`, `exename=PATH` and any number of `env=NAME=VALUE`, for
/// that host alone; a value with white space, `=` or `#` in it is in double quotes.
public struct Hostfile: Sendable, Hashable {
  /// Whose grammar a file has.
  public enum Format: String, Sendable, Hashable, CaseIterable {
    /// `host slots=4 max_slots=8`; without `slots` one worker.
    case openMPI = "openmpi"
    /// `host:4`, `host:4 user=me`
    case mpich
    /// `4*me@host:22 10.0.0.1`, `auto*host`: the number behind the host is a port.
    case julia
    /// `n[001-003,7],m1` and, if you like, tasks for each node, `2(x3),1,1`; also SLURM_HOSTFILE, a line for each task.
    case slurm
    /// PBS_NODEFILE: a line for each worker.
    case pbs
    /// LSB_DJOB_HOSTFILE, a line for each worker; LSB_HOSTS, the same in one line; LSB_MCPU_HOSTS, `host 4 host2 4`.
    case lsf
  }

  /// In the order in which they are first named; a host that is named again and again is there once, with a count.
  public let machines: [MachineSpec]
  /// As they stand in the file.
  let entries: [MachineSpec]

  /// Reads a hostfile.
  ///
  /// - Parameters:
  ///   - text: its content.
  ///   - file: its name, for errors.
  ///   - format: whose grammar it has; `nil`: this is found out. A file that means different things to different
  ///     programs (`host:4`, four workers to MPICH and a port to Julia) is then an error.
  /// - Throws: `ClusterError` `.invalidArgument` with file, line, column, and what was expected there.
  public init(parsing text: String, file: String = "hostfile", format: Format? = nil) throws(ClusterError) {
    do {
      let lines = try HostfileLine.lines(of: text, file: file)
      let readings = try HostfileReading.all(of: lines, as: format.map { [$0] } ?? Format.allCases)
      entries = try HostfileReading.agreed(readings, on: lines)
      machines = Self.merged(entries)
    } catch {
      throw ClusterError(error)
    }
  }

  /// A file of these machines.
  public init(_ machines: [MachineSpec]) {
    entries = machines
    self.machines = Self.merged(machines)
  }

  /// Counts of the same machine are added.
  private static func merged(_ machines: [MachineSpec]) -> [MachineSpec] {
    var result: [MachineSpec] = []
    var positions: [MachineSpec: Int] = [:]
    for machine in machines {
      guard let count = machine.count.exactValue else {
        result.append(machine)
        continue
      }
      var key = machine
      key.count = 1
      if let position = positions[key] {
        result[position].count = .exactly(result[position].count.exactValue! + count)
      } else {
        positions[key] = result.count
        result.append(machine)
      }
    }
    return result
  }
}

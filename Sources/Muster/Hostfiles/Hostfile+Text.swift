/// Hostfiles are written as well as read.
extension Hostfile {
  /// The file in a grammar; reading it with that gives the same machines.
  ///
  /// - Throws: `ClusterError` `.invalidArgument` for what the grammar has no words for, such as the port of an sshd in a
  ///   file of PBS.
  public func formatted(_ format: Format) throws(ClusterError) -> String {
    for machine in machines {
      if let what = machine.parts(unknownTo: format).first {
        throw ClusterError(
          .invalidArgument,
          "\(machine.host): a hostfile of the format \(format.rawValue) cannot say \(what): write it in the format "
            + Format.julia.rawValue)
      }
    }
    let lines: [String] =
      switch format {
      case .openMPI: machines.map { "\($0.login) slots=\($0.count)" + $0.settings }
      case .mpich:
        machines.map { "\($0.bracketedHost):\($0.count)" + ($0.user.map { " user=\($0)" } ?? "") + $0.settings }
      case .julia: machines.map(\.description)
      case .slurm: [slurmLine]
      case .pbs, .lsf: machines.flatMap { Array(repeating: $0.host, count: $0.count.exactValue ?? 1) }
      }
    return lines.map { $0 + "\n" }.joined()
  }

  private var slurmLine: String {
    let counts = machines.map { $0.count.exactValue ?? 1 }
    return NodeList(machines.map(\.host)).description
      + (counts.allSatisfy { $0 == 1 } ? "" : " " + TaskCounts(counts).description)
  }
}

extension MachineSpec {
  /// What a grammar has no words for.
  fileprivate func parts(unknownTo format: Hostfile.Format) -> [String] {
    let isForNames = [.slurm, .pbs, .lsf].contains(format)
    let parts: [(isThere: Bool, text: String)] = [
      (format != .julia && port != nil, "at which port sshd listens (\(port ?? 0))"),
      (format != .julia && bindAddress != nil, "at which address workers listen (\(bindAddress ?? ""))"),
      (format != .julia && count.exactValue == nil, "that there be a worker for every core (\(count))"),
      (isForNames && user != nil, "as whom to log in (\(user ?? ""))"),
      (isForNames && !settings.isEmpty, "dir, exename or env (\(settings.dropFirst()))"),
      (isForNames && host.contains(":"), "an IPv6 address"),
    ]
    return parts.filter(\.isThere).map(\.text)
  }

  fileprivate var bracketedHost: String { host.contains(":") ? "[\(host)]" : host }

  fileprivate var login: String { (user.map { "\($0)@" } ?? "") + bracketedHost }
}

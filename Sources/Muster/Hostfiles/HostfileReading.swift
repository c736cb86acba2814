/// What a hostfile says if it has one grammar.
struct HostfileReading {
  let format: Hostfile.Format
  /// For each line.
  let machines: [[MachineSpec]]

  init(_ lines: [HostfileLine], as format: Hostfile.Format) throws(HostfileError) {
    self.format = format
    let read = format.grammar
    var machines: [[MachineSpec]] = []
    var count = 0
    for line in lines {
      let named = try read(line)
      count += named.count
      guard count <= NodeList.limit else { throw line.start.expected("at most \(NodeList.limit) hosts in a file") }
      machines.append(named)
    }
    self.machines = machines
  }

  /// What the file says in each of the grammars it has.
  ///
  /// - Throws: where it has none: what prevents the one that got furthest.
  static func all(
    of lines: [HostfileLine], as formats: [Hostfile.Format]
  ) throws(HostfileError) -> [HostfileReading] {
    var readings: [HostfileReading] = []
    var failures: [HostfileError] = []
    for format in formats {
      do { readings.append(try HostfileReading(lines, as: format)) } catch { failures.append(error) }
    }
    if readings.isEmpty { throw furthest(failures) }
    return readings
  }

  /// The error that is furthest in the file, with all that was expected there. A grammar that the line does not fit has
  /// not even begun with it.
  private static func furthest(_ failures: [HostfileError]) -> HostfileError {
    func place(_ failure: HostfileError) -> (Int, Int) { (failure.line, failure.isUnfit ? 0 : failure.column) }
    let last = failures.max { place($0) < place($1) }!
    var expected: [String] = []
    for failure in failures where place(failure) == place(last) && failure.column == last.column {
      if !expected.contains(failure.expected) { expected.append(failure.expected) }
    }
    return HostfileError(
      file: last.file, line: last.line, column: last.column, expected: expected.joined(separator: ", or "),
      found: last.found)
  }

  /// What all readings say.
  ///
  /// - Throws: where they do not say the same.
  static func agreed(
    _ readings: [HostfileReading], on lines: [HostfileLine]
  ) throws(HostfileError) -> [MachineSpec] {
    for (index, line) in lines.enumerated() {
      let first = readings[0].machines[index]
      guard let other = readings.first(where: { $0.machines[index] != first }) else { continue }
      throw line.start.expected(
        "a line that means the same to all programs (say format: .\(readings[0].format) for \(list(first)), "
          + "format: .\(other.format) for \(list(other.machines[index])))")
    }
    return readings[0].machines.flatMap { $0 }
  }

  private static func list(_ machines: [MachineSpec]) -> String {
    machines.prefix(3).map(\.description).joined(separator: ", ") + (machines.count > 3 ? ", …" : "")
  }
}

extension Hostfile.Format {
  /// The reader of one line.
  fileprivate var grammar: (HostfileLine) throws(HostfileError) -> [MachineSpec] {
    switch self {
    case .openMPI: OpenMPIHostfile.machines
    case .mpich: MPICHHostfile.machines
    case .julia: JuliaMachineFile.machines
    case .slurm: SlurmHostfile.machines
    case .pbs: PBSNodeFile.machines
    case .lsf: LSFHostfile.machines
    }
  }
}

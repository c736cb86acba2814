/// Hosts, one worker each; or each with its count behind it, `host 4 host2 4`.
///
/// Source: LSF's environment variables LSB_DJOB_HOSTFILE, LSB_HOSTS and LSB_MCPU_HOSTS.
enum LSFHostfile {
  static func machines(in line: HostfileLine) throws(HostfileError) -> [MachineSpec] {
    try line.requireNoSettings()
    let hasCounts = line.words.count > 1 && line.words[1].isDigits
    guard hasCounts else {
      return try line.words.map { (word) throws(HostfileError) in MachineSpec(host: try word.hostName()) }
    }
    return try stride(from: 0, to: line.words.count, by: 2).map { (index) throws(HostfileError) in
      let host = try line.words[index].hostName()
      guard index + 1 < line.words.count else { throw line.end.expected("the count of \(host)") }
      return MachineSpec(host: host, count: .exactly(try line.words[index + 1].count()))
    }
  }
}

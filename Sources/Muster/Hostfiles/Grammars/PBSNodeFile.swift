/// A host in each line, for one worker.
///
/// Source: OpenPBS, PBS_NODEFILE in qsub(1B).
enum PBSNodeFile {
  static func machines(in line: HostfileLine) throws(HostfileError) -> [MachineSpec] {
    try line.requireWords(atMost: 1)
    try line.requireNoSettings()
    return [MachineSpec(host: try line.words[0].hostName())]
  }
}

/// `[count*][user@]host[:port] [bind_addr[:port]]`, where the count may be `auto`
///
/// Source: Julia's manual, `julia --machine-file`, and the docstring of `addprocs`.
enum JuliaMachineFile {
  static func machines(in line: HostfileLine) throws(HostfileError) -> [MachineSpec] {
    let whole = line.words[0].through(line.words[line.words.count - 1])
    var machine: MachineSpec
    if let (count, rest) = whole.cut(at: "*") {
      machine = try MachineSpec(rest.trimmed, count: try workerCount(count.trimmed))
    } else {
      machine = try MachineSpec(whole, count: 1)
    }
    for setting in line.settings { try machine.apply(setting) }
    return [machine]
  }

  private static func workerCount(_ word: Word) throws(HostfileError) -> WorkerCount {
    word.text == "auto" ? .auto : .exactly(try word.number(in: 1...Word.largestCount, "auto, or a count"))
  }
}

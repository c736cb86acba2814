/// `[user@]host [slots=N] [max_slots=N]`
///
/// Without `slots` a host is one worker, or `max_slots` of them. Source: mpirun(1) of Open MPI 4.1, --hostfile.
enum OpenMPIHostfile {
  static func machines(in line: HostfileLine) throws(HostfileError) -> [MachineSpec] {
    try line.requireWords(atMost: 1)
    let address = try Login(line.words[0])
    if let number = address.number { throw number.expected("slots=N behind white space") }
    var machine = MachineSpec(address)
    var slots: Int?
    var limit: (value: Int, word: Word)?
    for setting in line.settings {
      switch setting.key.text {
      case "slots": slots = try setting.value.count()
      case "max_slots", "max-slots", "slots_max", "slots-max":
        guard limit == nil else { throw setting.key.expected("each setting once") }
        limit = (try setting.value.count(), setting.value)
      default: try machine.apply(setting)
      }
    }
    if let slots, let limit, limit.value < slots { throw limit.word.expected("at least the \(slots) slots") }
    machine.count = .exactly(slots ?? limit?.value ?? 1)
    return [machine]
  }
}

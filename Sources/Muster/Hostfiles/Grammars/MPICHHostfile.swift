/// `host[:N] [user=NAME]`
///
/// Source: MPICH's "Using the Hydra Process Manager".
enum MPICHHostfile {
  static func machines(in line: HostfileLine) throws(HostfileError) -> [MachineSpec] {
    try line.requireWords(atMost: 1)
    let address = try Login(line.words[0])
    guard address.user == nil else { throw line.words[0].expected("a host (and user=NAME behind it)") }
    var machine = MachineSpec(address)
    if let number = address.number { machine.count = .exactly(try number.count()) }
    for setting in line.settings {
      if setting.key.text == "user" {
        machine.user = try setting.value.userName()
      } else {
        try machine.apply(setting)
      }
    }
    return [machine]
  }
}

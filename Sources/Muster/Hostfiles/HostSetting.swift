/// `key=value` or `env=NAME=value` behind a host.
struct HostSetting {
  let key: Word
  /// Of the variable, for `env`.
  let name: Word?
  let value: Word

  /// - Parameter tokens: of which the last marks the end of the line.
  static func settings(_ tokens: ArraySlice<Word>) throws(HostfileError) -> [HostSetting] {
    var settings: [HostSetting] = []
    var rest = tokens
    while rest.count > 1 {
      let setting = try HostSetting(&rest)
      if setting.name == nil, settings.contains(where: { $0.key.text == setting.key.text }) {
        throw setting.key.expected("each setting once")
      }
      settings.append(setting)
    }
    return settings
  }

  private init(_ tokens: inout ArraySlice<Word>) throws(HostfileError) {
    key = try Self.word(&tokens, "a setting")
    try Self.equalsSign(&tokens)
    if key.text == "env" {
      name = try Self.word(&tokens, "the name of a variable")
      try Self.equalsSign(&tokens)
    } else {
      name = nil
    }
    value = try Self.word(&tokens, "a value")
  }

  private static func word(_ tokens: inout ArraySlice<Word>, _ what: String) throws(HostfileError) -> Word {
    let word = tokens[tokens.startIndex]
    guard !word.isEmpty, !word.isEqualsSign else { throw word.expected(what) }
    tokens.removeFirst()
    return word
  }

  private static func equalsSign(_ tokens: inout ArraySlice<Word>) throws(HostfileError) {
    guard tokens[tokens.startIndex].isEqualsSign else { throw tokens[tokens.startIndex].expected("=") }
    tokens.removeFirst()
  }
}

extension Word {
  var isEqualsSign: Bool { text.utf8.count == 1 && text.utf8.first == UInt8(ascii: "=") }

  /// A value without its quotation marks.
  fileprivate func unquoted() throws(HostfileError) -> String {
    let parts = split(at: "\"")
    let isQuoted = parts.count == 3 && parts[0].isEmpty && parts[2].isEmpty
    // A control character in a path or an environment is a slip, and a zero would end it.
    guard isQuoted || parts.count == 1, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
      throw expected("a value (in double quotes if it has white space, = or # in it)")
    }
    return String(parts[isQuoted ? 1 : 0].text)
  }

  fileprivate func path() throws(HostfileError) -> String {
    let path = try unquoted()
    guard !path.isEmpty else { throw expected("a path") }
    return path
  }

  fileprivate func variableName() throws(HostfileError) -> String {
    guard let first = text.utf8.first, !first.isASCIIDigit,
      text.utf8.allSatisfy({ $0.isASCIILetter || $0.isASCIIDigit || $0 == UInt8(ascii: "_") })
    else { throw expected("the name of a variable") }
    return String(text)
  }
}

extension MachineSpec {
  /// What Muster knows for every host of a file that people write.
  mutating func apply(_ setting: HostSetting) throws(HostfileError) {
    switch setting.key.text {
    case "dir": dir = try setting.value.path()
    case "exename": exename = try setting.value.path()
    case "env":
      guard let name = try setting.name?.variableName() else { throw setting.key.expected("env=NAME=VALUE") }
      guard env[name] == nil else { throw setting.name!.expected("each variable once") }
      env[name] = try setting.value.unquoted()
    default:
      throw setting.key.expected("slots or max_slots (Open MPI), user (MPICH), dir, exename or env")
    }
  }
}

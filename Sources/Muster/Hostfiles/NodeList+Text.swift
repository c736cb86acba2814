extension NodeList: CustomStringConvertible {
  /// The list as Slurm writes it: `n[001-003,7],m1`.
  ///
  /// Hosts that follow each other and differ in the number at their end share a bracket. The text is what `scontrol show
  /// hostlist` makes of them, so Slurm reads it too: it knows no suffixes behind a bracket.
  public var description: String {
    var groups: [Group] = []
    for host in hosts {
      let name = NumberedName(host)
      if groups.isEmpty || !groups[groups.count - 1].take(name) { groups.append(Group(name)) }
    }
    return groups.map(\.text).joined(separator: ",")
  }

  static func padded(_ number: Int, to width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }
}

/// A name and the digits at its end.
private struct NumberedName {
  let prefix: Substring
  let digits: Substring
  /// `nil` where there are no digits, or more than a number has.
  let number: Int?

  init(_ host: String) {
    let end = host.utf8.lastIndex { !$0.isASCIIDigit }.map(host.utf8.index(after:)) ?? host.startIndex
    prefix = host[..<end]
    digits = host[end...]
    number = digits.utf8.count <= 18 ? Int(digits) : nil
  }
}

/// Hosts of one prefix.
private struct Group {
  private let prefix: Substring
  private var ranges: [(first: Substring, last: Substring, next: Int?)]

  init(_ name: NumberedName) {
    prefix = name.prefix
    ranges = [Self.range(name)]
  }

  private static func range(_ name: NumberedName) -> (first: Substring, last: Substring, next: Int?) {
    (name.digits, name.digits, name.number.map { $0 + 1 })
  }

  /// Adds a host if it belongs here.
  mutating func take(_ name: NumberedName) -> Bool {
    guard name.prefix == prefix, name.number != nil, let open = ranges.last, let next = open.next else { return false }
    if name.number == next, name.digits == NodeList.padded(next, to: open.first.utf8.count) {
      ranges[ranges.count - 1] = (open.first, name.digits, next + 1)
    } else {
      ranges.append(Self.range(name))
    }
    return true
  }

  var text: String {
    let numbers = ranges.map { $0.first == $0.last ? "\($0.first)" : "\($0.first)-\($0.last)" }.joined(separator: ",")
    return ranges.count == 1 && ranges[0].first == ranges[0].last ? "\(prefix)\(numbers)" : "\(prefix)[\(numbers)]"
  }
}

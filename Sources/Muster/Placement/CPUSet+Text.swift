/// The ways in which Linux, schedulers and hwloc write sets of CPUs.
extension CPUSet: CustomStringConvertible, Codable {
  /// How a set is written.
  public enum Format: String, Sendable, CaseIterable {
    /// `0-3,8`: Linux, taskset -c, Slurm, hwloc's list. Strides `0-30:2` and the kernel's groups `0-31:2/8` are read.
    case list
    /// `0x10f`: one hexadecimal number; taskset, Slurm.
    case mask
    /// `0x00000001,0x0000010f`: words of 32 bits, the highest first; hwloc.
    case hwloc
    /// `00000001,0000010f`: the same without `0x`; Cpus_allowed of /proc/PID/status.
    case kernel
  }

  /// Reads a set.
  ///
  /// - Parameters:
  ///   - text: a list such as `0-3,8`, or a mask such as `0xf`.
  ///   - format: by default a text with `0x` in front is a mask of any kind, and any other is a list.
  /// - Throws: `ClusterError` `.invalidArgument` for what is none, for numbers from `CPUSet.limit` on, and for hwloc's
  ///   sets without end (`4-`, `0xf...f`).
  public init(_ text: some StringProtocol, format: Format? = nil) throws(ClusterError) {
    let text = text.trimmed
    switch format ?? (text.lowercased().hasPrefix("0x") ? .mask : .list) {
    case .list: self = try Self.list(text)
    case .mask, .hwloc, .kernel: self = try Self.mask(text)
    }
  }

  /// As a Linux list, such as `0-3,8`; nothing for the empty set.
  public var description: String { formatted(.list) }

  public func formatted(_ format: Format) -> String {
    switch format {
    case .list:
      ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
    case .mask: "0x" + String(halves.enumerated().map { Self.hex($1, padded: $0 > 0) }.joined())
    case .hwloc: halves.map { "0x" + Self.hex($0, padded: true) }.joined(separator: ",")
    case .kernel: halves.map { Self.hex($0, padded: true) }.joined(separator: ",")
    }
  }

  public init(from decoder: any Decoder) throws {
    self = try CPUSet(try decoder.singleValueContainer().decode(String.self), format: .list)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  // MARK: Writing

  private var ranges: [ClosedRange<Int>] {
    reduce(into: []) { ranges, cpu in
      if let last = ranges.last, last.upperBound == cpu - 1 {
        ranges[ranges.count - 1] = last.lowerBound...cpu
      } else {
        ranges.append(cpu...cpu)
      }
    }
  }

  /// Words of 32 bits, the highest first; at least one.
  private var halves: [UInt32] {
    var halves = [UInt32](repeating: 0, count: (last ?? 0) / 32 + 1)
    for cpu in self { halves[halves.count - 1 - cpu / 32] |= 1 << (cpu % 32) }
    return halves
  }

  private static func hex(_ word: UInt32, padded: Bool) -> String {
    let digits = String(word, radix: 16)
    return padded ? String(repeating: "0", count: 8 - digits.count) + digits : digits
  }

  // MARK: Reading

  private static func list(_ text: String) throws(ClusterError) -> CPUSet {
    var set = CPUSet()
    guard !text.isEmpty else { return set }
    for item in text.split(separator: ",", omittingEmptySubsequences: false) {
      let parts = item.trimmed.split(separator: ":", omittingEmptySubsequences: false)
      let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
      if ends.count == 2, ends[1].isEmpty { throw endless(text) }
      guard parts.count <= 2, ends.count <= 2, parts.count == 1 || ends.count == 2, let first = number(ends[0]),
        let last = number(ends[ends.count - 1]), first <= last
      else { throw malformed(text, "'\(item)' is neither a number nor a range such as 0-3") }
      guard last < limit else { throw tooLarge(text) }
      let (used, group) = try parts.count == 1 ? (1, 1) : stride(parts[1], in: text)
      for cpu in first...last where (cpu - first) % group < used { set.insert(cpu) }
    }
    return set
  }

  /// `N`: every N-th; `U/G`: the first U of every G.
  private static func stride(_ text: Substring, in whole: String) throws(ClusterError) -> (used: Int, group: Int) {
    let words = text.split(separator: "/", omittingEmptySubsequences: false)
    let numbers = words.compactMap(number)
    guard words.count == numbers.count, (1...2).contains(numbers.count), numbers.allSatisfy({ $0 > 0 }) else {
      throw malformed(whole, "':\(text)' is neither a stride such as :2 nor a group such as :2/8")
    }
    return numbers.count == 1 ? (1, numbers[0]) : (numbers[0], numbers[1])
  }

  private static func mask(_ text: String) throws(ClusterError) -> CPUSet {
    var set = CPUSet()
    let groups = text.split(separator: ",", omittingEmptySubsequences: false)
    guard groups.count <= limit / 32 else { throw tooLarge(text) }
    for (index, group) in groups.enumerated() {
      let lowest = (groups.count - 1 - index) * 32
      let digits = group.lowercased().hasPrefix("0x") ? group.dropFirst(2) : group
      if digits.contains("...") { throw endless(text) }
      // Without commas it is one number of any length; hwloc leaves out words that are zero.
      guard groups.count == 1 ? !digits.isEmpty : digits.count <= 8 else {
        throw malformed(text, "'\(group)' is not a word of 32 bits")
      }
      for (place, digit) in digits.reversed().enumerated() {
        guard digit.isASCII, let value = digit.hexDigitValue else {
          throw malformed(text, "'\(digit)' is no hexadecimal digit")
        }
        guard value == 0 || lowest + place * 4 + 3 < limit else { throw tooLarge(text) }
        for bit in 0..<4 where value & (1 << bit) != 0 { set.insert(lowest + place * 4 + bit) }
      }
    }
    return set
  }

  private static func number(_ text: Substring) -> Int? {
    text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
  }

  private static func malformed(_ text: String, _ reason: String) -> ClusterError {
    ClusterError(.invalidArgument, "'\(text.prefix(100))' is no set of CPUs: \(reason) (write 0-3,8 or 0x10f)")
  }

  private static func endless(_ text: String) -> ClusterError { malformed(text, "it has no end") }

  private static func tooLarge(_ text: String) -> ClusterError { malformed(text, "CPUs are numbered below \(limit)") }
}

extension StringProtocol {
  /// Without white space at its ends.
  var trimmed: String {
    var text = Substring(self)
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}

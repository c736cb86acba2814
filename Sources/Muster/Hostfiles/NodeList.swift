/// Hosts as Slurm writes them: `n[001-003,7],m1`.
///
/// Every bracket holds numbers and ranges; several multiply (`r[1-2]n[3-4]`), the last counting fastest. Numbers have at
/// least as many digits as the first of their range. Order and repetition are kept.
/// Source: scontrol(1), `show hostnames`, of which this takes more: a suffix behind a bracket (`n[1-2]-ib`).
public struct NodeList: Sendable, Hashable {
  public var hosts: [String]

  /// A range may not make more hosts than Slurm lets it.
  static let limit = 65_536

  public init(_ hosts: [String]) { self.hosts = hosts }

  /// Reads a list.
  ///
  /// - Throws: `ClusterError` `.invalidArgument` that says where the text is wrong and what was expected.
  public init(parsing text: some StringProtocol) throws(ClusterError) {
    do { try self.init(Word(text)) } catch {
      throw ClusterError(error, in: "“\(text.prefix(200))” is no node list")
    }
  }

  init(_ word: Word) throws(HostfileError) {
    hosts = []
    for item in Self.items(of: word) {
      let pattern = try NodePattern(item)
      guard hosts.count + pattern.count <= Self.limit else { throw item.expected("at most \(Self.limit) hosts") }
      hosts += pattern.hosts
    }
  }

  /// What is between the commas that are outside of brackets.
  private static func items(of word: Word) -> [Word] {
    var depth = 0
    return word.split { byte in
      switch byte {
      case UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: ","): return depth <= 0
      default: break
      }
      return false
    }
  }
}

/// One item of a node list: `rack[1-2]n[001-003]-ib`.
struct NodePattern {
  private enum Part {
    case text(String)
    case numbers([NumberRange])

    var count: Int {
      switch self {
      case .text: 1
      case .numbers(let ranges): ranges.reduce(0) { $0 + $1.count }
      }
    }

    var texts: [String] {
      switch self {
      case .text(let text): [text]
      case .numbers(let ranges): ranges.flatMap(\.texts)
      }
    }
  }

  private var parts: [Part] = []
  /// How many hosts it stands for.
  private(set) var count = 1

  init(_ word: Word) throws(HostfileError) {
    var rest = word
    repeat {
      let (text, bracket) = rest.prefix { $0 != UInt8(ascii: "[") }
      if !text.isEmpty { parts.append(.text(String(text.text))) }
      guard !bracket.isEmpty else { break }
      guard let (numbers, behind) = bracket.cut(at: "]") else { throw bracket.end.expected("]") }
      try append(numbers.dropFirst())
      rest = behind
    } while !rest.isEmpty
    // All hosts of a pattern differ in digits only: where the first and the last are hosts, all are. Not so the first alone:
    // 10.0.0.[250-300]
    let ends = [parts.map { $0.texts[0] }.joined(), parts.map { $0.texts.last! }.joined()]
    guard ends.allSatisfy({ Word.isHostName($0) }) else { throw word.expected("a host") }
  }

  private mutating func append(_ numbers: Word) throws(HostfileError) {
    let ranges = try numbers.split(at: ",").map { (range) throws(HostfileError) in try NumberRange(range) }
    parts.append(.numbers(ranges))
    count *= parts[parts.count - 1].count
    guard count <= NodeList.limit else { throw numbers.expected("numbers for at most \(NodeList.limit) hosts") }
  }

  /// The last bracket counts fastest.
  var hosts: [String] {
    parts.reduce([""]) { hosts, part in
      let texts = part.texts
      return hosts.flatMap { host in texts.map { host + $0 } }
    }
  }
}

/// `7` or `001-003`.
struct NumberRange {
  private let numbers: ClosedRange<Int>
  /// Smaller numbers are padded with zeros.
  private let width: Int

  init(_ word: Word) throws(HostfileError) {
    let (lower, upper) = word.cut(at: "-") ?? (word, word)
    let first = try Self.number(lower)
    let last = try Self.number(upper)
    guard first <= last else { throw upper.expected("a number that is not below \(lower.text)") }
    guard last - first < NodeList.limit else { throw word.expected("a range of at most \(NodeList.limit) numbers") }
    numbers = first...last
    width = lower.text.utf8.count
  }

  private static func number(_ word: Word) throws(HostfileError) -> Int {
    guard word.isDigits, word.text.utf8.count <= 18, let number = Int(word.text) else {
      throw word.expected("a number or a range such as 001-003")
    }
    return number
  }

  var count: Int { numbers.count }

  var texts: [String] { numbers.map { NodeList.padded($0, to: width) } }
}

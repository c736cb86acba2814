/// Policies as they are written on a command line.
///
///     slot  hwthread  core  l1cache  l2cache  l3cache  numa  package  node  scatter  compact
///     cyclic:OBJECT  block:OBJECT  ppr:COUNT:OBJECT  cpus:0,2,4-7  masks:0x3,0xc
///
/// each with `:span`, `:strict`, `:mem=local`, `:mem=interleave` or `:mem=none` behind it.
extension PlacementPolicy: CustomStringConvertible {
  /// Reads a policy.
  ///
  /// - Throws: `ClusterError` `.invalidArgument` that says what is wrong and what there is.
  public init(_ text: String) throws(ClusterError) {
    var words = text.lowercased().split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    var modifiers: [String] = []
    while let last = words.last, words.count > 1, Self.isModifier(last) { modifiers.append(words.removeLast()) }
    self = try Self.named(words, in: text)
    for modifier in modifiers { try apply(modifier, in: text) }
  }

  public var description: String {
    let name =
      switch order {
      case .filling: level == .core ? "slot" : "compact"
      case .cyclic: level.rawValue
      case .block: "block:\(level.rawValue)"
      case .scatter: "scatter"
      case .perObject(let count): "ppr:\(count):\(level.rawValue)"
      case .cpus(let cpus): "cpus:" + cpus.map(String.init).joined(separator: ",")
      case .masks(let masks): "masks:" + masks.map { $0.formatted(.mask) }.joined(separator: ",")
      }
    // To go round nodes is to span them.
    let isImplied = level == .node && (order == .cyclic || order == .block)
    return name + (spansNodes && !isImplied ? ":span" : "") + (isStrict ? ":strict" : "")
      + (memory == .local ? "" : ":mem=\(memory.rawValue)")
  }

  private static func isModifier(_ word: String) -> Bool {
    word == "span" || word == "strict" || word.hasPrefix("mem=")
  }

  private mutating func apply(_ modifier: String, in text: String) throws(ClusterError) {
    switch modifier {
    case "span": spansNodes = true
    case "strict": isStrict = true
    default:
      guard let memory = MemoryPolicy(rawValue: String(modifier.dropFirst("mem=".count))) else {
        throw Self.unknown(
          text, "':\(modifier)' is none of \(Self.list(MemoryPolicy.allCases.map { "mem=\($0.rawValue)" }))")
      }
      self.memory = memory
    }
  }

  private static func named(_ words: [String], in text: String) throws(ClusterError) -> PlacementPolicy {
    switch (words[0], words.count) {
    case ("slot", 1): return .slot
    case ("scatter", 1): return .scatter
    case ("compact", 1): return .compact
    case ("cyclic", 2): return cyclic(try level(words[1], in: text))
    case ("block", 2): return block(try level(words[1], in: text))
    case ("ppr", 3):
      guard let count = Int(words[1]), count > 0 else {
        throw unknown(text, "'\(words[1])' is no number of workers for each object")
      }
      return perObject(count, try level(words[2], in: text))
    case ("cpus", 2): return cpus(try sets(words[1], .list, in: text).flatMap { Array($0) })
    case ("masks", 2): return masks(try sets(words[1], .mask, in: text))
    case (_, 1): return cyclic(try level(words[0], in: text))
    default: throw unknown(text, "it has too many or too few parts")
    }
  }

  private static func sets(
    _ list: String, _ format: CPUSet.Format, in text: String
  ) throws(ClusterError) -> [CPUSet] {
    let items = list.split(separator: ",", omittingEmptySubsequences: false)
    guard items.allSatisfy({ !$0.isEmpty }) else { throw unknown(text, "there is an empty set in it") }
    return try items.map { (item) throws(ClusterError) in try CPUSet(item, format: format) }
  }

  private static func level(_ word: String, in text: String) throws(ClusterError) -> TopologyLevel {
    guard let level = TopologyLevel(rawValue: word) else {
      throw unknown(
        text, "'\(word)' is none of \(list(["slot", "scatter", "compact"] + TopologyLevel.allCases.map(\.rawValue)))")
    }
    return level
  }

  private static func list(_ words: [String]) -> String { words.joined(separator: ", ") }

  private static func unknown(_ text: String, _ reason: String) -> ClusterError {
    ClusterError(
      .invalidArgument,
      "'\(text)' is no placement policy: \(reason). Policies are slot, scatter, compact, an object such as core or "
        + "package, cyclic:OBJECT, block:OBJECT, ppr:COUNT:OBJECT, cpus:LIST and masks:LIST, with :span, :strict and "
        + ":mem= behind them; cores for each worker are options.threadsPerWorker")
  }
}

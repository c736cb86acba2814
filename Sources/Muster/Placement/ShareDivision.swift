/// Divides cores (or hardware threads) into shares of several each, of which as few as possible straddle packages, NUMA
/// nodes or caches.
struct ShareDivision {
  private static let levels: [TopologyLevel] = [.package, .numaNode, .l3Cache, .l2Cache, .core]

  /// In the order of their use.
  private let units: [CPUSet]
  private let threads: Int
  private let topology: HardwareTopology

  init(units: [CPUSet], threads: Int, topology: HardwareTopology) {
    self.units = units
    self.threads = threads
    self.topology = topology
  }

  /// The shares that can be made of the units in `domain`, in the order of their first units.
  func shares(in domain: CPUSet) -> [CPUSet] { grouped(in: domain).map(joined) }

  /// The same in such an order that what follows each other is as far apart as possible.
  func scattered(_ domain: CPUSet) -> [CPUSet] {
    scattered(grouped(in: domain), over: Self.levels[...]).map(joined)
  }

  private func joined(_ share: [Int]) -> CPUSet {
    share.count == 1 ? units[share[0]] : share.reduce(into: CPUSet()) { $0.formUnion(units[$1]) }
  }

  // MARK: Grouping; units are named by their places in `units`

  private func grouped(in domain: CPUSet) -> [[Int]] {
    let members = units.indices.filter { !units[$0].isDisjoint(with: domain) }
    if threads == 1 { return members.map { [$0] } }
    // A worker whose cores differ would go at the pace of the slowest.
    let kinds = Dictionary(grouping: members) { index in
      topology.kinds.lastIndex { !$0.isDisjoint(with: units[index]) } ?? -1
    }
    var shares: [[Int]] = []
    var rest: [Int] = []
    for (_, members) in kinds.sorted(by: { $0.key > $1.key }) {
      let (made, left) = group(members, within: Self.levels[...])
      shares += made
      rest += left
    }
    return (shares + chunks(rest).made).sorted { $0[0] < $1[0] }
  }

  /// Within the smallest objects first; what is left over there is put together in the next larger ones.
  private func group(_ members: [Int], within levels: ArraySlice<TopologyLevel>) -> (made: [[Int]], left: [Int]) {
    guard let level = levels.first, members.count > threads else { return chunks(members) }
    var made: [[Int]] = []
    var left: [Int] = []
    for part in split(members, by: level) {
      let (shares, rest) = group(part, within: levels.dropFirst())
      made += shares
      left += rest
    }
    let (shares, rest) = chunks(left.sorted())
    return (made + shares, rest)
  }

  private func chunks(_ members: [Int]) -> (made: [[Int]], left: [Int]) {
    let end = members.count - members.count % threads
    let made = stride(from: 0, to: end, by: threads).map { Array(members[$0..<($0 + threads)]) }
    return (made, Array(members[end...]))
  }

  private func split(_ members: [Int], by level: TopologyLevel) -> [[Int]] {
    split(members.map { [$0] }, by: level).map { $0.map { $0[0] } }
  }

  // MARK: Scattering

  private func scattered(_ shares: [[Int]], over levels: ArraySlice<TopologyLevel>) -> [[Int]] {
    guard let level = levels.first, shares.count > 1 else { return shares }
    let parts = split(shares, by: level).map { scattered($0, over: levels.dropFirst()) }
    return (0..<(parts.map(\.count).max() ?? 0)).flatMap { turn in
      parts.compactMap { turn < $0.count ? $0[turn] : nil }
    }
  }

  /// By the objects that the first units belong to, in the order of the machine.
  private func split(_ shares: [[Int]], by level: TopologyLevel) -> [[[Int]]] {
    let all = shares.reduce(into: CPUSet()) { $0.formUnion(units[$1[0]]) }
    let parts = topology.parts(level, of: all)
    guard parts.count > 1 else { return [shares] }
    return parts.map { part in shares.filter { !units[$0[0]].isDisjoint(with: part) } }
  }
}

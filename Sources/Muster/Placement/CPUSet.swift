/// A set of CPUs (the kernel's numbers of hardware threads): a plain value.
///
///     try CPUSet("0-3,8").union([12]).description  // "0-3,8,12"
public struct CPUSet: Sendable, Hashable, SetAlgebra, Sequence {
  public typealias Element = Int

  /// Numbers end before this one: larger than any machine's number of CPUs.
  public static let limit = 65_536

  /// CPU `c` is bit `c % 64` of word `c / 64`; the last word is not zero, so that equal sets are equal values.
  private var words: [UInt64] = []

  public init() {}

  init(words: [UInt64]) {
    self.words = words
    trim()
  }

  private mutating func trim() {
    while words.last == 0 { words.removeLast() }
  }

  // MARK: Elements

  public var isEmpty: Bool { words.isEmpty }
  public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

  /// The smallest number.
  public var first: Int? {
    words.firstIndex { $0 != 0 }.map { $0 * 64 + words[$0].trailingZeroBitCount }
  }

  /// The largest number.
  public var last: Int? {
    words.last.map { words.count * 64 - 1 - $0.leadingZeroBitCount }
  }

  public func contains(_ cpu: Int) -> Bool {
    cpu >= 0 && cpu / 64 < words.count && words[cpu / 64] & (1 << (cpu % 64)) != 0
  }

  /// - Precondition: `cpu` is in `0..<CPUSet.limit`.
  @discardableResult
  public mutating func insert(_ cpu: Int) -> (inserted: Bool, memberAfterInsert: Int) {
    precondition((0..<Self.limit).contains(cpu), "CPU \(cpu) is outside 0..<\(Self.limit)")
    while words.count <= cpu / 64 { words.append(0) }
    let isNew = words[cpu / 64] & (1 << (cpu % 64)) == 0
    words[cpu / 64] |= 1 << (cpu % 64)
    return (isNew, cpu)
  }

  @discardableResult
  public mutating func update(with cpu: Int) -> Int? { insert(cpu).inserted ? nil : cpu }

  @discardableResult
  public mutating func remove(_ cpu: Int) -> Int? {
    guard contains(cpu) else { return nil }
    words[cpu / 64] &= ~(1 << (cpu % 64))
    trim()
    return cpu
  }

  /// In rising order.
  public struct Iterator: IteratorProtocol {
    private let words: [UInt64]
    private var index = 0
    private var word: UInt64

    fileprivate init(_ words: [UInt64]) {
      self.words = words
      word = words.first ?? 0
    }

    public mutating func next() -> Int? {
      while word == 0 {
        index += 1
        guard index < words.count else { return nil }
        word = words[index]
      }
      defer { word &= word - 1 }
      return index * 64 + word.trailingZeroBitCount
    }
  }

  public func makeIterator() -> Iterator { Iterator(words) }

  /// As the kernel takes it: bit `c % 8` of byte `c / 8`; at least one byte.
  var bytes: [UInt8] {
    words.isEmpty ? [0] : words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
  }

  // MARK: Algebra

  public func union(_ other: CPUSet) -> CPUSet { combined(other) { $0 | $1 } }
  public func intersection(_ other: CPUSet) -> CPUSet { combined(other) { $0 & $1 } }
  public func symmetricDifference(_ other: CPUSet) -> CPUSet { combined(other) { $0 ^ $1 } }
  public func subtracting(_ other: CPUSet) -> CPUSet { combined(other) { $0 & ~$1 } }
  public mutating func formUnion(_ other: CPUSet) { self = union(other) }
  public mutating func formIntersection(_ other: CPUSet) { self = intersection(other) }
  public mutating func formSymmetricDifference(_ other: CPUSet) { self = symmetricDifference(other) }
  public mutating func subtract(_ other: CPUSet) { self = subtracting(other) }

  public func isDisjoint(with other: CPUSet) -> Bool { !zip(words, other.words).contains { $0 & $1 != 0 } }
  public func isSubset(of other: CPUSet) -> Bool { subtracting(other).isEmpty }

  private func combined(_ other: CPUSet, _ operation: (UInt64, UInt64) -> UInt64) -> CPUSet {
    let count = Swift.max(words.count, other.words.count)
    return CPUSet(
      words: (0..<count).map { index in
        operation(index < words.count ? words[index] : 0, index < other.words.count ? other.words[index] : 0)
      })
  }
}

/// A dictionary from references: open addressing, and a multiplication for a hash.
///
/// References are made and dropped by the million, and their numbers, which count up, need no protection against keys
/// chosen to collide; `Dictionary`'s SipHash cost more than all the rest. Entries stay where they are; only their
/// numbers move when the table grows or closes a gap.
struct ReferenceMap<Value> {
  fileprivate struct Entry {
    var key: RRID
    var value: Value?
  }

  private static var smallest: Int { 64 }

  private var entries: [Entry] = []
  private var freePlaces: [Int] = []
  /// For each hash the place of its entry and 1, or 0.
  private var table: [UInt32]
  private(set) var count = 0
  /// What of the 64 bits of a hash is no index into the table.
  private var shift: UInt64

  init() {
    table = Array(repeating: 0, count: Self.smallest)
    shift = Self.shift(for: Self.smallest)
  }

  /// The place of a key, until that is removed.
  func find(_ key: RRID) -> Int? {
    var index = home(of: key)
    while table[index] != 0 {
      let place = Int(table[index]) - 1
      if entries[place].key == key { return place }
      index = next(index)
    }
    return nil
  }

  subscript(place: Int) -> Value {
    get { entries[place].value! }
    _modify { yield &entries[place].value! }
  }

  /// - Precondition: the key is not there.
  /// - Returns: its place.
  @discardableResult
  mutating func insert(_ key: RRID, _ value: Value) -> Int {
    if 2 * (count + 1) > table.count { resize(to: 2 * table.count) }
    let place: Int
    if let free = freePlaces.popLast() {
      place = free
      entries[place] = Entry(key: key, value: value)
    } else {
      place = entries.count
      entries.append(Entry(key: key, value: value))
    }
    enter(place, key)
    count += 1
    return place
  }

  @discardableResult
  mutating func remove(at place: Int) -> Value {
    var index = home(of: entries[place].key)
    while table[index] != UInt32(place + 1) { index = next(index) }
    closeGap(at: index)
    count -= 1
    freePlaces.append(place)
    let removed = entries[place].value.take()!
    // Memory that a burst has taken is given back once nothing is left of it.
    if count == 0, table.count > Self.smallest { self = ReferenceMap() }
    return removed
  }

  /// Visits every entry; those for which `body` returns false are removed, and returned.
  mutating func retain(_ body: (RRID, inout Value) -> Bool) -> [Value] {
    var removed: [Int] = []
    for place in entries.indices where entries[place].value != nil {
      if !body(entries[place].key, &entries[place].value!) { removed.append(place) }
    }
    return removed.map { remove(at: $0) }
  }

  // MARK: The table

  private func home(of key: RRID) -> Int {
    // The golden ratio spreads numbers that follow each other; the process goes to the upper bits of the number.
    let mixed = (key.id ^ UInt64(truncatingIfNeeded: key.whence.rawValue) << 40) &* 0x9e37_79b9_7f4a_7c15
    return Int(truncatingIfNeeded: mixed >> shift)
  }

  private func next(_ index: Int) -> Int { (index + 1) & (table.count - 1) }

  private mutating func enter(_ place: Int, _ key: RRID) {
    var index = home(of: key)
    while table[index] != 0 { index = next(index) }
    table[index] = UInt32(place + 1)
  }

  /// Moves back what stands behind a removed entry only because that was in the way.
  private mutating func closeGap(at start: Int) {
    var gap = start
    var index = next(gap)
    while table[index] != 0 {
      let distance = (index - home(of: entries[Int(table[index]) - 1].key)) & (table.count - 1)
      if distance >= (index - gap) & (table.count - 1) {
        table[gap] = table[index]
        gap = index
      }
      index = next(index)
    }
    table[gap] = 0
  }

  private mutating func resize(to size: Int) {
    table = Array(repeating: 0, count: size)
    shift = Self.shift(for: size)
    for place in entries.indices where entries[place].value != nil { enter(place, entries[place].key) }
  }

  private static func shift(for size: Int) -> UInt64 { UInt64(64 - size.trailingZeroBitCount) }
}

extension ReferenceMap.Entry: Sendable where Value: Sendable {}
extension ReferenceMap: Sendable where Value: Sendable {}

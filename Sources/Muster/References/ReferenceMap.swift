/// A dictionary from references: open addressing, and a multiplication for a hash.
///
/// References are made and dropped by the million, and their numbers, which count up, need no protection against keys
/// chosen to collide; `Dictionary`'s SipHash cost more than all the rest.
struct ReferenceMap<Value> {
  fileprivate struct Slot {
    var key: RRID
    var value: Value?
  }

  private static var smallest: Int { 64 }

  private var slots: [Slot]
  private(set) var count = 0
  /// What of the 64 bits of a hash is no slot number.
  private var shift: UInt64

  init() {
    slots = Self.empty(Self.smallest)
    shift = Self.shift(for: Self.smallest)
  }

  /// The place of a key, until the next insertion or removal.
  func find(_ key: RRID) -> Int? {
    var index = home(of: key)
    while slots[index].value != nil {
      if slots[index].key == key { return index }
      index = next(index)
    }
    return nil
  }

  subscript(place: Int) -> Value {
    get { slots[place].value! }
    _modify { yield &slots[place].value! }
  }

  /// - Precondition: the key is not there.
  mutating func insert(_ key: RRID, _ value: Value) {
    if 4 * (count + 1) > 3 * slots.count { resize(to: 2 * slots.count) }
    place(key, value)
    count += 1
  }

  @discardableResult
  mutating func remove(at place: Int) -> Value {
    let removed = slots[place].value!
    closeGap(at: place)
    count -= 1
    if slots.count > Self.smallest, 8 * count < slots.count { resize(to: slots.count / 2) }
    return removed
  }

  /// Visits every entry; those for which `body` returns false are removed, and returned.
  mutating func retain(_ body: (RRID, inout Value) -> Bool) -> [Value] {
    var removed: [RRID] = []
    for index in slots.indices where slots[index].value != nil {
      if !body(slots[index].key, &slots[index].value!) { removed.append(slots[index].key) }
    }
    return removed.map { remove(at: find($0)!) }
  }

  // MARK: Slots

  private func home(of key: RRID) -> Int {
    // The golden ratio spreads numbers that follow each other; the process goes to the upper bits of the number.
    let mixed = (key.id ^ UInt64(truncatingIfNeeded: key.whence.rawValue) << 40) &* 0x9e37_79b9_7f4a_7c15
    return Int(truncatingIfNeeded: mixed >> shift)
  }

  private func next(_ index: Int) -> Int { (index + 1) & (slots.count - 1) }

  private mutating func place(_ key: RRID, _ value: Value) {
    var index = home(of: key)
    while slots[index].value != nil { index = next(index) }
    slots[index] = Slot(key: key, value: value)
  }

  /// Moves back what stands behind a removed entry only because that was in the way.
  private mutating func closeGap(at place: Int) {
    var gap = place
    var index = next(gap)
    while slots[index].value != nil {
      let distance = (index - home(of: slots[index].key)) & (slots.count - 1)
      if distance >= (index - gap) & (slots.count - 1) {
        slots.swapAt(gap, index)
        gap = index
      }
      index = next(index)
    }
    slots[gap].value = nil
  }

  private mutating func resize(to size: Int) {
    let old = slots
    slots = Self.empty(size)
    shift = Self.shift(for: size)
    for slot in old {
      if let value = slot.value { place(slot.key, value) }
    }
  }

  private static func empty(_ size: Int) -> [Slot] {
    Array(repeating: Slot(key: RRID(whence: 0, id: 0), value: nil), count: size)
  }

  private static func shift(for size: Int) -> UInt64 { UInt64(64 - size.trailingZeroBitCount) }
}

extension ReferenceMap.Slot: Sendable where Value: Sendable {}
extension ReferenceMap: Sendable where Value: Sendable {}

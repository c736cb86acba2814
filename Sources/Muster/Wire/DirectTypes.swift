/// Finds out in a few nanoseconds whether a type is coded directly.
///
/// A generic `encode` sees every value of a program pass, most of them of other types, so a
/// dynamic cast (some 100 ns each) is out of the question. Instead: a small open-addressing
/// table from the address of the type's metadata.
///
/// `@unchecked Sendable`: the memory of the table is never written again after `init`.
struct DirectTypes: @unchecked Sendable {
  private static let shared = DirectTypes([
    Int.self, Int8.self, Int16.self, Int32.self, Int64.self, Int128.self,
    UInt.self, UInt8.self, UInt16.self, UInt32.self, UInt64.self, UInt128.self,
    Float16.self, Float.self, Double.self, Bool.self, String.self,
    [Int].self, [Int8].self, [Int16].self, [Int32].self, [Int64].self, [Int128].self,
    [UInt].self, [UInt8].self, [UInt16].self, [UInt32].self, [UInt64].self, [UInt128].self,
    [Float16].self, [Float].self, [Double].self, [String].self,
    ChannelCall.self,
  ])

  private struct Slot {
    let identifier: ObjectIdentifier
    let type: any DirectlyCoded.Type
  }

  /// A power of two, several times the number of types, so that most look-ups end at once.
  private static let slotCount = 128

  /// Lives for ever, like the only instance.
  private let slots: UnsafePointer<Slot?>

  private init(_ types: [any DirectlyCoded.Type]) {
    var slots = [Slot?](repeating: nil, count: Self.slotCount)
    for type in types {
      var index = Self.firstSlot(for: ObjectIdentifier(type))
      while slots[index] != nil { index = (index + 1) % Self.slotCount }
      slots[index] = Slot(identifier: ObjectIdentifier(type), type: type)
    }
    let memory = UnsafeMutablePointer<Slot?>.allocate(capacity: Self.slotCount)
    memory.initialize(from: slots, count: Self.slotCount)
    self.slots = UnsafePointer(memory)
  }

  @inline(__always)
  private static func firstSlot(for identifier: ObjectIdentifier) -> Int {
    let address = UInt(bitPattern: identifier)
    return Int(((address >> 4) ^ (address >> 11)) % UInt(slotCount))
  }

  @inline(__always)
  private func find(_ identifier: ObjectIdentifier) -> (any DirectlyCoded.Type)? {
    var index = Self.firstSlot(for: identifier)
    while let slot = slots[index] {
      if slot.identifier == identifier { return slot.type }
      index = (index + 1) % Self.slotCount
    }
    return nil
  }

  /// The same type as one that is coded directly, if it is.
  @inline(__always)
  static func find(_ type: Any.Type) -> (any DirectlyCoded.Type)? {
    shared.find(ObjectIdentifier(type))
  }

  /// Appends a value if its type is coded directly.
  ///
  /// - Returns: false, with nothing written, if it is not.
  /// - Throws: as `DirectlyCoded.encode`.
  @inline(__always)
  static func encode<Value>(_ value: Value, to writer: FrameWriter) throws(WireError) -> Bool {
    guard let type = find(Value.self) else { return false }
    try withUnsafePointer(to: value) { value throws(WireError) in
      try type.encode(UnsafeRawPointer(value), to: writer)
    }
    return true
  }
}

/// Room for one value of any directly coded type on its way to a generic result.
///
/// An optional of the generic type would serve as well, were it not for the look-up of its
/// metadata, which takes longer than all the rest.
struct DirectSlot {
  /// As large and as aligned as the largest of the types; `DirectTypes` lists them all.
  var memory = (UInt128.zero, UInt128.zero)

  /// Moves the value out of the slot.
  ///
  /// - Precondition: `DirectlyCoded.decode` has stored a value of this very type.
  @inline(__always)
  mutating func take<Value>() -> Value {
    Self.move(&memory)
  }

  @inline(__always)
  private static func move<Value>(_ memory: UnsafeMutableRawPointer) -> Value {
    memory.assumingMemoryBound(to: Value.self).move()
  }
}

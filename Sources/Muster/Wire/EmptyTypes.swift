/// Types without stored content of which a value was coded as an empty keyed container: what most functions are, and
/// `Nothing`.
///
/// From the second value on neither `encode(to:)` nor `init(from:)` is called for them: there is nothing they could
/// write, or make of nothing. (A type of size 0 whose coding is empty once and not another time would be mistaken.)
struct EmptyTypes {
  /// A power of two. Types that fall on the same place push one another out.
  private static let count = 16
  private var types = [ObjectIdentifier?](repeating: nil, count: count)

  /// What is written for each of them: the tag and the length of nothing.
  static let encodedSize = 5

  @inline(__always)
  func contains(_ type: Any.Type) -> Bool {
    let identifier = ObjectIdentifier(type)
    return types[Self.place(of: identifier)] == identifier
  }

  mutating func insert(_ type: Any.Type) {
    let identifier = ObjectIdentifier(type)
    types[Self.place(of: identifier)] = identifier
  }

  @inline(__always)
  private static func place(of identifier: ObjectIdentifier) -> Int {
    let address = UInt(bitPattern: identifier)
    return Int(truncatingIfNeeded: (address >> 4) ^ (address >> 9)) & (count - 1)
  }
}

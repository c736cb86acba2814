struct Leaf: Codable, Equatable {
  var number: Int
  var name: String?
  var factors: [Double]
}

indirect enum Value: Codable, Equatable {
  case nothing
  case flag(Bool)
  case int(Int)
  case small(Int8, UInt16)
  case wide(Int128, UInt128)
  case unsigned(UInt64)
  case real(Double, single: Float)
  case text(String)
  case bytes([UInt8])
  case numbers([Int32])
  case list([Value])
  case named([String: Value])
  case indexed([Int: Value])
  case optional(Value?)
  case deepOptional(Int???)
  case optionals([Int??])
  case leaf(Leaf)
  case pair(Value, Value)

  static func random(depth: Int, using generator: inout SplitMix64) -> Value {
    func number<T: FixedWidthInteger & UnsignedInteger>(_: T.Type) -> T {
      .random(in: .min ... .max, using: &generator)
    }
    func inner() -> Value { random(depth: depth - 1, using: &generator) }
    func some<T>(_ make: () -> T) -> [T] { (0..<Int.random(in: 0...4, using: &generator)).map { _ in make() } }
    func text() -> String {
      String(
        some { ["a", "é", "漢", "🧀", "\0", "long enough for the heap"].randomElement(using: &generator)! }.joined())
    }
    switch Int.random(in: 0...(depth > 0 ? 17 : 11), using: &generator) {
    case 0: return .nothing
    case 1: return .flag(.random(using: &generator))
    case 2: return .int(Int(bitPattern: number(UInt.self)))
    case 3: return .small(Int8(bitPattern: number(UInt8.self)), number(UInt16.self))
    case 4: return .wide(Int128(truncatingIfNeeded: number(UInt128.self)), number(UInt128.self))
    case 5: return .unsigned(number(UInt64.self))
    case 6: return .real(.random(in: -1e300...1e300, using: &generator), single: .random(in: -1...1, using: &generator))
    case 7: return .text(text())
    case 8: return .bytes(some { number(UInt8.self) })
    case 9: return .numbers(some { Int32(bitPattern: number(UInt32.self)) })
    case 10: return .optionals(some { [.none, .some(.none), .some(.some(7))].randomElement(using: &generator)! })
    case 11: return .leaf(Leaf(number: 3, name: .random(using: &generator) ? text() : nil, factors: some { 0.5 }))
    case 12: return .list(some(inner))
    case 13: return .named(Dictionary(some { (text(), inner()) }, uniquingKeysWith: { first, _ in first }))
    case 14:
      return .indexed(Dictionary(some { (Int(number(UInt16.self)), inner()) }, uniquingKeysWith: { first, _ in first }))
    case 15: return .optional(.random(using: &generator) ? inner() : nil)
    case 16:
      return .deepOptional(
        [.none, .some(.none), .some(.some(.none)), .some(.some(.some(1)))].randomElement(using: &generator)!)
    default: return .pair(inner(), inner())
    }
  }
}

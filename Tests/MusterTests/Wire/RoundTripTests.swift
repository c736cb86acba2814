import Testing

@testable import Muster

private struct Empty: Codable, Equatable {}

private enum Colour: String, Codable { case red, green }

private struct Point: Codable, Equatable {
  var x: Int
  var y: Double?
  var z: Int??
  var colour: Colour = .green
}

private class Base: Codable {
  var a = 1
}

private final class Derived: Base {
  var b = 2
  private enum Keys: CodingKey { case b }

  init(a: Int, b: Int) {
    super.init()
    self.a = a
    self.b = b
  }

  required init(from decoder: any Decoder) throws {
    try super.init(from: decoder)
    b = try decoder.container(keyedBy: Keys.self).decode(Int.self, forKey: .b)
  }

  override func encode(to encoder: any Encoder) throws {
    try super.encode(to: encoder)
    var container = encoder.container(keyedBy: Keys.self)
    try container.encode(b, forKey: .b)
  }
}

private func expectRoundTrip<T: Codable & Equatable>(_ values: T...) throws {
  for value in values { #expect(try roundTrip(value) == value) }
}

@Test func `scalars survive`() throws {
  try expectRoundTrip(Int.min, 0, .max)
  try expectRoundTrip(Int8.min, .max)
  try expectRoundTrip(UInt16.min, .max)
  try expectRoundTrip(Int128.min, .max)
  try expectRoundTrip(UInt128.min, .max)
  try expectRoundTrip(Float16.pi, -.infinity)
  try expectRoundTrip(Float.pi, Float.leastNonzeroMagnitude)
  try expectRoundTrip(Double.pi, -0.0, .infinity)
  #expect(try roundTrip(Double.nan).isNaN)
  try expectRoundTrip(true, false)
  try expectRoundTrip("", "short", "漢字 and 🧀, longer than a small string", "a\0b")
}

@Test func `arrays and dictionaries survive`() throws {
  try expectRoundTrip([Int](), [1, 2, 3])
  try expectRoundTrip([[1.5], [], [2, 3]])
  try expectRoundTrip([Float16](), [1, 2])
  try expectRoundTrip(["a": 1, "b": 2], [:])
  try expectRoundTrip([1: "a", -2: "b"])
  try expectRoundTrip([[1, 2]: "a", [3]: "b"])
  try expectRoundTrip([true, false])
  try expectRoundTrip(ContiguousArray([1, 2]), [])
  try expectRoundTrip(Set([1, 2, 3]))
  try expectRoundTrip([1, 2, 3, 4][1...2].map(\.self))
}

@Test func `structs, enums and values that encode nothing survive`() throws {
  try expectRoundTrip(Point(x: 1, y: nil, z: nil), Point(x: 2, y: 0.5, z: .some(nil)), Point(x: 3, y: 1, z: 4))
  try expectRoundTrip(Empty())
  try expectRoundTrip([Empty(), Empty()])
  try expectRoundTrip(Colour.red)
  try expectRoundTrip(1..<5)
}

@Test func `nil is told from nested nil`() throws {
  try expectRoundTrip(Int?.none, 1)
  try expectRoundTrip(Int??.none, .some(.none), 1)
  try expectRoundTrip(Int???.none, .some(.none), .some(.some(.none)), 1)
  try expectRoundTrip([Int??.none, .some(.none), 1])
  try expectRoundTrip(["a": Int?.none, "b": 1])
}

@Test func `a subclass and its superclass share a container`() throws {
  let copy = try roundTrip(Derived(a: 5, b: 6))
  #expect(copy.a == 5 && copy.b == 6)
}

@Test func `numbers decode as other types that hold them`() throws {
  #expect(try convert(5, to: Int8.self) == 5)
  #expect(try convert(UInt8(200), to: Int128.self) == 200)
  #expect(try convert(3, to: Double.self) == 3)
  #expect(try convert(3.0, to: Int.self) == 3)
  #expect(try convert(0.1, to: Float.self) == 0.1)
  #expect(try convert([1, 2], to: [Int8].self) == [1, 2])
  #expect(try convert([1, 2], to: Set<UInt>.self) == [1, 2])
  #expect(try convert([UInt8](repeating: 7, count: 40_000), to: [Int].self) == [Int](repeating: 7, count: 40_000))
  #expect(throws: DecodingError.self) { try convert(300, to: Int8.self) }
  #expect(throws: DecodingError.self) { try convert(-1, to: UInt.self) }
  #expect(throws: DecodingError.self) { try convert(0.5, to: Int.self) }
  #expect(throws: DecodingError.self) { try convert(1e300, to: Float.self) }
  #expect(throws: DecodingError.self) { try convert([300], to: [Int8].self) }
}

@Test func `errors carry the path`() throws {
  struct Inner: Codable { var value: Int }
  struct Outer: Codable { var list: [Inner] }
  struct OtherInner: Codable { var value: String }
  struct OtherOuter: Codable { var list: [OtherInner] }
  do {
    _ = try convert(OtherOuter(list: [.init(value: "x")]), to: Outer.self)
    Issue.record("decoded a string as an integer")
  } catch DecodingError.typeMismatch(_, let context) {
    #expect(context.codingPath.map(\.stringValue) == ["list", "0", "value"])
    #expect(context.codingPath[1].intValue == 0)
  }
  #expect(throws: DecodingError.self) { try convert(Empty(), to: Outer.self) }
  #expect(throws: DecodingError.self) { try convert(Int?.none, to: Int.self) }
}

import Testing

@testable import Muster

private enum Key: String, CodingKey { case a, b, c, d, list, map, absent }

/// Uses every kind of nested container, the parent in between.
private struct Interleaved: Codable, Equatable {
  var ok = true

  init() {}

  func encode(to encoder: any Encoder) throws {
    var root = encoder.container(keyedBy: Key.self)
    var list = root.nestedUnkeyedContainer(forKey: .list)
    try list.encode(1)
    try root.encode("a", forKey: .a)
    var map = root.nestedContainer(keyedBy: Key.self, forKey: .map)
    var inner = list.nestedContainer(keyedBy: Key.self)
    try list.encode("after")
    try map.encode(2.5, forKey: .c)
    try root.encodeNil(forKey: .b)
    try [1, 2].encode(to: root.superEncoder())
    try inner.encode([UInt8](repeating: 9, count: 40_000), forKey: .d)
    var again = root.nestedContainer(keyedBy: Key.self, forKey: .map)
    try again.encode(true, forKey: .d)
    try "sup".encode(to: root.superEncoder(forKey: .c))
    try list.encodeNil()
    try 8.encode(to: list.superEncoder())
    #expect(list.count == 5)
  }

  init(from decoder: any Decoder) throws {
    let root = try decoder.container(keyedBy: Key.self)
    #expect(Set(root.allKeys) == [.list, .a, .map, .b, .c])
    #expect(root.contains(.b) && !root.contains(.absent))
    #expect(try root.decodeNil(forKey: .b))
    #expect(try root.decodeIfPresent(Int.self, forKey: .b) == nil)
    #expect(try root.decodeIfPresent(Int.self, forKey: .absent) == nil)
    #expect(try String(from: root.superDecoder(forKey: .c)) == "sup")
    #expect(try [Int](from: root.superDecoder()) == [1, 2])
    let map = try root.nestedContainer(keyedBy: Key.self, forKey: .map)
    #expect(try map.decode(Bool.self, forKey: .d))
    #expect(try map.decode(Double.self, forKey: .c) == 2.5)
    #expect(try root.decode(String.self, forKey: .a) == "a")
    var list = try root.nestedUnkeyedContainer(forKey: .list)
    #expect(try list.decode(Int.self) == 1)
    let inner = try list.nestedContainer(keyedBy: Key.self)
    #expect(try inner.decode([UInt8].self, forKey: .d).count == 40_000)
    #expect(throws: DecodingError.self) { try list.decode(Int.self) }
    #expect(try list.decode(String.self) == "after")
    #expect(try list.decodeNil())
    #expect(try Int(from: list.superDecoder()) == 8)
    #expect(list.isAtEnd)
    #expect(throws: DecodingError.self) { try list.decode(Int.self) }
  }
}

@Test func `nested containers may be used in any order`() throws {
  _ = try roundTrip(Interleaved())
  _ = try roundTrip([Interleaved(), Interleaved()])
  _ = try roundTrip(["x": Interleaved()])
}

private struct Failing: Encodable {
  struct Refusal: Error {}
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode([Double](repeating: 1, count: 10_000), forKey: .a)
    throw Refusal()
  }
}

@Test func `a value that fails to encode leaves no trace`() throws {
  struct Tolerant: Encodable {
    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      try? container.encode(Failing(), forKey: .a)
      try container.encode(2, forKey: .b)
    }
  }
  let frame = try Frame(encoding: Tolerant())
  #expect(try frame.decode([String: Int].self) == ["b": 2])
  #expect(frame.bulk.isEmpty)
  let writer = FrameWriter()
  writer.write(UInt8(1))
  #expect(throws: Failing.Refusal.self) { try writer.encode(Failing()) }
  #expect(writer.count == 1 && writer.bulk.isEmpty)
}

@Test func `two containers for one value are an error`() {
  struct Torn: Encodable {
    func encode(to encoder: any Encoder) throws {
      var keyed = encoder.container(keyedBy: Key.self)
      try keyed.encode(1, forKey: .a)
      var unkeyed = encoder.unkeyedContainer()
      try unkeyed.encode(1)
    }
  }
  #expect(throws: EncodingError.self) { try Frame(encoding: Torn()) }
}

@Test func `user info reaches both sides`() throws {
  struct Informed: Codable {
    static let key = CodingUserInfoKey(rawValue: "k")!
    init() {}
    init(from decoder: any Decoder) throws { #expect(decoder.userInfo[Self.key] as? Int == 7) }
    func encode(to encoder: any Encoder) throws { #expect(encoder.userInfo[Self.key] as? Int == 7) }
  }
  _ = try Frame(encoding: [Informed()], userInfo: [Informed.key: 7]).decode(
    [Informed].self, userInfo: [Informed.key: 7])
}

@Test func `a decoder that was kept finds no bytes`() throws {
  struct Keeper: Decodable {
    let decoder: any Decoder
    init(from decoder: any Decoder) { self.decoder = decoder }
  }
  let keeper = try Frame(encoding: [String: Int]()).decode(Keeper.self)
  #expect(throws: WireError.self) { try keeper.decoder.singleValueContainer().decode(Int.self) }
}

import Testing

@testable import Muster

private enum Key: CodingKey { case a, b }

/// Keeps the container it should be decoded from, and decodes only when it is asked to.
private struct Lazy: Codable {
  private let container: KeyedDecodingContainer<Key>?
  private let number: Int

  init(_ number: Int) {
    self.number = number
    container = nil
  }

  init(from decoder: any Decoder) throws {
    number = 0
    container = try decoder.container(keyedBy: Key.self)
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(number, forKey: .a)
  }

  func value() throws -> Int { try #require(container).decode(Int.self, forKey: .a) }
}

@Test func `a decoder that is kept while its frame is decoded is not used for other values`() throws {
  struct Parent: Codable {
    var a: [Lazy]

    init(_ a: [Lazy]) { self.a = a }

    init(from decoder: any Decoder) throws {
      a = try decoder.container(keyedBy: Key.self).decode([Lazy].self, forKey: .a)
      #expect(try a.map { try $0.value() } == [1, 2, 3])
    }
  }
  let parent = try roundTrip(Parent([Lazy(1), Lazy(2), Lazy(3)]))
  #expect(throws: WireError.self) { try parent.a[0].value() }
  #expect(try roundTrip(["a": 5]) == ["a": 5])
  #expect(throws: WireError.self) { try parent.a[0].value() }
}

@Test func `an encoder that is kept is not used for other values`() throws {
  final class Keeper: Encodable {
    var encoder: (any Encoder)?
    func encode(to encoder: any Encoder) throws {
      self.encoder = encoder
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(1, forKey: .b)
    }
  }
  let keeper = Keeper()
  for _ in 0..<3 { #expect(try convert(keeper, to: [String: Int].self) == ["b": 1]) }
  let kept = try #require(keeper.encoder as? WireEncoder)
  #expect(try roundTrip(["a": 5]) == ["a": 5])
  #expect(kept.output != nil && kept.next == nil)
}

/// Types of keys without end: more than a thread remembers.
private struct Wrapped<Inner: Codable>: Codable {
  var inner: Inner
}

private func expectDeepRoundTrip<T: Codable & Equatable>(_ value: T, levels: Int) throws {
  #expect(try roundTrip(Wrapped(inner: value)).inner == value)
  if levels > 0 { try expectDeepRoundTrip([value], levels: levels - 1) }
}

@Test func `many types of keys may push one another out`() throws {
  for _ in 0..<2 { try expectDeepRoundTrip(1, levels: 150) }
}

@Test func `other values among strings are found`() throws {
  #expect(try convert(["a", nil] as [String?], to: [String?].self) == ["a", nil])
  #expect(try convert(["a", "b"] as [String?], to: [String].self) == ["a", "b"])
  #expect(try convert(["a", "b"], to: [String?].self) == ["a", "b"])
  #expect(try convert(["a", "b"], to: Set<String>.self) == ["a", "b"])
  #expect(throws: DecodingError.self) { try convert(["a", nil] as [String?], to: [String].self) }
  #expect(throws: DecodingError.self) { try convert([1], to: [String].self) }
  #expect(throws: WireError(.trailingBytes, offset: 12)) {
    try Frame([6, 8, 0, 0, 0, 1, 0, 0, 0, 4, 1, 97, 2]).decode([String].self)
  }
  #expect(throws: WireError(.unknownTag, offset: 9)) {
    try Frame([6, 6, 0, 0, 0, 1, 0, 0, 0, 0x77, 0]).decode([String].self)
  }
}

@Test func `every tag is known, and nothing else`() {
  let known = (UInt8.min...UInt8.max).filter { WireTag(rawValue: $0) != nil }
  #expect(known == Array(0...8) + Array(0x10...0x15) + Array(0x18...0x1D) + Array(0x20...0x22))
}

@Test func `threads do not share what they keep`() async {
  await withTaskGroup { group in
    for number in 0..<64 {
      group.addTask {
        for _ in 0..<100 { #expect((try? roundTrip([Wrapped(inner: number)]))?.first?.inner == number) }
      }
    }
  }
}

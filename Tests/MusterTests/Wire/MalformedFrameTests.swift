import Testing

@testable import Muster

private func wireError<T: Decodable>(_ bytes: [UInt8], as type: T.Type) -> WireError? {
  do {
    _ = try Frame(bytes).decode(type)
    return nil
  } catch {
    return error as? WireError
  }
}

@Test func `the bytes are the same on every machine`() throws {
  struct Golden: Codable { var a: UInt16, b: [Int32], c: [String?] }
  let frame = try Frame(encoding: Golden(a: 0x0102, b: [1, -2], c: ["é", nil]))
  #expect(
    frame.bytes == [
      0x05, 34, 0, 0, 0,
      1, 0x61, 0x1A, 0x02, 0x01,
      1, 0x62, 0x07, 0x13, 2, 1, 0, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF,
      1, 0x63, 0x06, 9, 0, 0, 0, 2, 0, 0, 0, 0x04, 2, 0xC3, 0xA9, 0x00,
    ])
}

@Test func `a frame that ends early is an error at every byte`() throws {
  var generator = SplitMix64(seed: 4)
  let value = Value.list((0..<8).map { _ in Value.random(depth: 3, using: &generator) })
  let frame = try Frame(encoding: value)
  for count in 0..<frame.bytes.count {
    let error = try #require(wireError(Array(frame.bytes.prefix(count)), as: Value.self))
    #expect(error.offset <= count)
  }
}

@Test func `deep nesting is refused on both sides`() throws {
  final class Nest: Codable {
    var inner: [Nest]
    init(_ inner: [Nest]) { self.inner = inner }
  }
  var nest = Nest([])
  for _ in 0..<499 { nest = Nest([nest]) }
  _ = try roundTrip(nest)
  let deeper = Nest([Nest([nest])])
  #expect(throws: WireError.self) { try Frame(encoding: deeper) }

  struct Bomb: Decodable {
    init(from decoder: any Decoder) throws {
      var container = try decoder.unkeyedContainer()
      _ = try container.decode(Bomb.self)
    }
  }
  var bytes: [UInt8] = []
  for _ in 0..<5_000 {
    let length = UInt32(bytes.count + 4)
    bytes = [6] + (0..<4).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + [1, 0, 0, 0] + bytes
  }
  #expect(wireError(bytes, as: Bomb.self)?.code == .depthExceeded)
}

@Test func `huge counts are refused before anything is allocated`() {
  let huge: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]
  #expect(wireError([0x07, 0x22] + huge, as: [Double].self) == WireError(.lengthTooLarge, offset: 2))
  #expect(wireError([0x07, 0x22, 2] + [UInt8](repeating: 0, count: 15), as: [Double].self)?.code == .lengthTooLarge)
  #expect(wireError([0x04] + huge, as: String.self)?.code == .lengthTooLarge)
  #expect(wireError([0x05, 0xFF, 0xFF, 0xFF, 0xFF], as: [String: Int].self)?.code == .lengthTooLarge)
  #expect(wireError([0x06, 5, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0], as: [String].self)?.code == .lengthTooLarge)
  #expect(wireError([0x04, 0xFF] + huge, as: String.self)?.code == .numberOutOfRange)
}

@Test func `wrong tags, counts and text are refused`() {
  #expect(wireError([0x77], as: Int.self) == WireError(.unknownTag, offset: 0))
  #expect(wireError([0x07, 0x04, 0], as: [Int].self) == WireError(.unknownTag, offset: 1))
  #expect(wireError([0x04, 2, 0xC3, 0x28], as: String.self) == WireError(.invalidUTF8, offset: 2))
  #expect(wireError([0x04, 3, 0xED, 0xA0, 0x80], as: String.self)?.code == .invalidUTF8)
  #expect(wireError([0x02, 0x02], as: Bool.self) == WireError(.trailingBytes, offset: 1))
  #expect(wireError([0x06, 6, 0, 0, 0, 1, 0, 0, 0, 0x02, 0x02], as: [Bool].self)?.code == .trailingBytes)
  #expect(wireError([0x05, 3, 0, 0, 0, 1, 0xFF, 0x02], as: [String: Bool].self)?.code == .invalidUTF8)
}

@Test func `primitives are checked`() throws {
  let writer = FrameWriter()
  for shift in 0..<64 { writer.writeVarint(1 << UInt64(shift)) }
  writer.writeVarint(.max)
  writer.write(string: "text")
  writer.write(UInt32.zero)
  writer.patch(0x0102_0304, at: writer.count - 4)
  try writer.withUnsafeBytes { bytes throws in
    var reader = FrameReader(bytes)
    for shift in 0..<64 { #expect(try reader.readVarint() == 1 << UInt64(shift)) }
    #expect(try reader.readVarint() == .max)
    #expect(try reader.readString() == "text")
    #expect(try Array(reader.readBytes(count: 4)) == [4, 3, 2, 1])
    #expect(reader.isAtEnd && reader.offset == bytes.count)
    #expect(throws: WireError(.truncated, offset: bytes.count)) { try reader.read(UInt8.self) }
    #expect(throws: WireError.self) { try reader.readBytes(count: -1) }
  }
  writer.write(bytes: UnsafeRawBufferPointer(start: writer.base, count: 0))
  for _ in 0..<100_000 { writer.write(UInt64.max) }
  writer.reset()
  #expect(writer.count == 0)
}

import Testing

@testable import Muster

private func random(_ count: Int, using generator: inout SplitMix64) -> [UInt8] {
  (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
}

@Test func `frames cut at every position are put together again`() throws {
  let messages = [
    Message(id: 1, body: [1, 2, 3]), Message(kind: .ping),
    Message(kind: .call, id: 2, body: [9], arrays: [[1, 2], [3]]),
    Message(kind: .failure, id: .max, body: Array(0..<50)),
  ]
  let bytes = try messages.flatMap { try $0.bytes() }
  let expected = messages.map { ParsedMessage($0) }
  for cut in 0...bytes.count {
    var parser = FrameParser()
    let parsed = try parser.feed(bytes[..<cut]) + parser.feed(bytes[cut...])
    #expect(parsed == expected, "cut at \(cut)")
  }
  var parser = FrameParser()
  #expect(try parser.feed(bytes, step: { 1 }) == expected)
}

@Test func `many small frames in one read all come out`() throws {
  let messages = (0..<3_000).map { Message(id: UInt64($0), body: [UInt8(truncatingIfNeeded: $0)]) }
  let bytes = try messages.flatMap { try $0.bytes() }
  var parser = FrameParser()
  #expect(try parser.feed(bytes) == messages.map { ParsedMessage($0) })
}

@Test func `frames around every size that the buffer knows come out whole`() throws {
  var generator = SplitMix64(seed: 21)
  let sizes = [32_767, 32_768, 32_769, 65_535, 65_536, 65_537, 49_152, 131_072, 1_000_000]
  for size in sizes {
    for difference in [-17, -16, -1, 0, 1] {
      let messages = [
        Message(id: 1, body: [7]), Message(id: 2, body: random(size + difference, using: &generator)),
        Message(id: 3, body: [8]),
      ]
      let bytes = try messages.flatMap { try $0.bytes() }
      for step in [4_096, 65_536, .max] {
        var parser = FrameParser()
        #expect(
          try parser.feed(bytes, step: { step }) == messages.map { ParsedMessage($0) }, "\(size + difference), \(step)")
      }
    }
  }
}

@Test func `no, one and several arrays, empty ones too, are followed at once by small frames`() throws {
  let large = Array(0..<(20_000 as Int64))
  let other = large.map { $0 + 1 }
  let arrays: [[[Int64]]] = [[], [[]], [[1]], [large], [[], large, [], [5], []], [[], []], [large, other]]
  for list in arrays {
    let messages = [
      Message(id: 1, body: [1], arrays: list), Message(id: 2), Message(id: 3, body: [3], arrays: list),
      Message(kind: .pong),
    ]
    let bytes = try messages.flatMap { try $0.bytes() }
    for step in [1_000, 65_536, .max] {
      var parser = FrameParser()
      #expect(try parser.feed(bytes, step: { step }) == messages.map { ParsedMessage($0) })
    }
  }
}

@Test func `a frame stays the next one until it is consumed`() throws {
  var parser = FrameParser()
  let bytes = try Message(id: 1, body: [1]).bytes() + Message(id: 2, body: [2]).bytes()
  let room = parser.destination()
  room.copyBytes(from: bytes)
  try parser.advance(by: bytes.count)
  for id in [1, 2] as [UInt64] {
    #expect(try parser.next()?.header.id == id)
    #expect(try parser.next()?.header.id == id)
    parser.consume()
  }
  #expect(try parser.next() == nil)
}

@Test func `a full buffer of frames that nobody takes gives no room, and room again once they are taken`() throws {
  var parser = FrameParser()
  let frame = try Message(id: 1, body: Array(repeating: 0, count: 1_008)).bytes()
  let filled = Array(repeating: frame, count: 64).flatMap { $0 }
  let room = parser.destination()
  #expect(room.count == filled.count)
  room.copyBytes(from: filled)
  try parser.advance(by: filled.count)
  #expect(try parser.next() != nil)
  #expect(parser.destination().count == 0)
  parser.consume()
  #expect(parser.destination().count > 0)
}

@Test func `a large frame that nobody takes gives no room either`() throws {
  var parser = FrameParser()
  let frame = try Message(id: 1, body: Array(repeating: 0, count: 100_000)).bytes()
  var offset = 0
  while offset < frame.count {
    let room = parser.destination()
    let count = min(room.count, frame.count - offset)
    room.copyBytes(from: frame[offset..<(offset + count)])
    offset += count
    try parser.advance(by: count)
    if offset < frame.count { #expect(try parser.next() == nil) }
  }
  #expect(try parser.next()?.header.id == 1)
  #expect(parser.destination().count == 0)
  parser.consume()
  #expect(parser.destination().count > 0)
}

@Test func `arrays are received into the memory that they keep`() throws {
  var parser = FrameParser()
  let array = Array(0..<(100_000 as Int64))
  let bytes = try Message(arrays: [array]).bytes()
  let head = bytes.count - 8 * array.count
  let room = parser.destination()
  room.copyBytes(from: bytes[..<head])
  try parser.advance(by: head)
  #expect(try parser.next() == nil)
  let place = parser.destination()
  #expect(place.count == 8 * array.count)
  place.copyBytes(from: bytes[head...])
  try parser.advance(by: place.count)
  let frame = try #require(try parser.next())
  #expect(UnsafeRawPointer(frame.arrays[0].base) == UnsafeRawPointer(place.baseAddress))
  #expect((frame.arrays[0] as? TypedBulkArray<Int64>)?.array == array)
}

private func parseError(_ bytes: [UInt8], step: Int = .max) -> WireError? {
  var parser = FrameParser()
  do {
    _ = try parser.feed(bytes, step: { step })
    return nil
  } catch {
    return error as? WireError
  }
}

@Test func `malformed frames are errors that say where`() {
  let small: [UInt8] = (try? Message(body: [1]).bytes()) ?? []
  for step in [1, .max] {
    #expect(parseError(headerBytes(length: 16, kind: 0), step: step) == WireError(.unknownKind, offset: 4))
    #expect(parseError(headerBytes(length: 16, kind: 99), step: step) == WireError(.unknownKind, offset: 4))
    #expect(parseError(headerBytes(length: 3), step: step) == WireError(.truncated, offset: 0))
    #expect(parseError(headerBytes(length: 40, arrays: 2), step: step) == WireError(.truncated, offset: 0))
    #expect(parseError(headerBytes(length: .max), step: step) == WireError(.lengthTooLarge, offset: 0))
    #expect(parseError(small + headerBytes(length: 16, kind: 0), step: step) == WireError(.unknownKind, offset: 4))
  }
}

@Test func `a malformed table of arrays is an error that says where`() {
  func frame(_ byteCount: UInt64, _ code: UInt8) -> [UInt8] {
    let good: [UInt8] = [8, 0, 0, 0, 0, 0, 0, 0, WireTag.int64.rawValue, 0, 0, 0, 0, 0, 0, 0]
    let entry = withUnsafeBytes(of: byteCount.littleEndian) { Array($0) } + [code] + [UInt8](repeating: 0, count: 7)
    return headerBytes(length: 16 + 1 + 32, arrays: 2) + [0xAB] + good + entry
  }
  let entry = 16 + 1 + 16
  for step in [1, .max] {
    #expect(
      parseError(frame((1 << 40) + 8, WireTag.int64.rawValue), step: step) == WireError(.lengthTooLarge, offset: entry))
    #expect(parseError(frame(.max, WireTag.int64.rawValue), step: step) == WireError(.lengthTooLarge, offset: entry))
    #expect(parseError(frame(1 << 63, WireTag.int64.rawValue), step: step) == WireError(.lengthTooLarge, offset: entry))
    #expect(parseError(frame(12, WireTag.int64.rawValue), step: step) == WireError(.lengthTooLarge, offset: entry))
    #expect(parseError(frame(8, 0xEE), step: step) == WireError(.unknownTag, offset: entry + 8))
    #expect(parseError(frame(8, 0), step: step) == WireError(.unknownTag, offset: entry + 8))
  }
}

@Test(arguments: 0..<20) func `any stream of messages survives any segmentation`(seed: Int) throws {
  var generator = SplitMix64(seed: UInt64(seed) &+ 500)
  var messages: [Message] = []
  var bytes: [UInt8] = []
  for id in 0..<Int.random(in: 1...60, using: &generator) {
    let size = [0, 10, 100, 5_000, 40_000, 70_000, 150_000].randomElement(using: &generator)!
    let kinds: [MessageKind] = [.call, .cast, .spawn, .value, .failure, .kept, .ping, .declare]
    var message = Message(kind: kinds.randomElement(using: &generator)!, id: UInt64(id))
    message.body = random(Int.random(in: 0...size, using: &generator), using: &generator)
    if Int.random(in: 0..<4, using: &generator) == 0 {
      message.arrays = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
        Array(repeating: Int64(id), count: Int.random(in: 0...20_000, using: &generator))
      }
    }
    messages.append(message)
    bytes += try message.bytes()
  }
  var parser = FrameParser()
  let largest = [3, 100, 5_000, 200_000].randomElement(using: &generator)!
  let parsed = try parser.feed(bytes, step: { Int.random(in: 1...largest, using: &generator) })
  #expect(parsed == messages.map { ParsedMessage($0) })
}

@Test(arguments: 0..<50) func `damaged streams throw or come out as frames, and never crash`(seed: Int) throws {
  var generator = SplitMix64(seed: UInt64(seed) &+ 900)
  var bytes: [UInt8] = []
  for id in 0..<20 {
    bytes += try Message(id: UInt64(id), body: random(30, using: &generator), arrays: id % 5 == 0 ? [[1]] : []).bytes()
  }
  for _ in 0..<3 {
    bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^= 1 << UInt8.random(in: 0...3, using: &generator)
  }
  var parser = FrameParser()
  do {
    _ = try parser.feed(bytes, step: { Int.random(in: 1...200, using: &generator) })
  } catch {
    #expect(error is WireError)
  }
}

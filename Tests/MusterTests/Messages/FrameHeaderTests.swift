import Testing

@testable import Muster

private func header(_ bytes: [UInt8]) throws -> FrameHeader {
  try bytes.withUnsafeBytes { try FrameHeader($0.baseAddress!) }
}

@Test func `a header is read as it was written`() throws {
  let all: [MessageKind] = [.declare, .call, .cast, .spawn, .value, .failure, .kept, .ping, .pong, .leave]
  for kind in all {
    let read = try header(
      headerBytes(length: 16 + 2 * 16 + 5, kind: kind.rawValue, arrays: 2, id: 0x0102_0304_0506_0708))
    #expect(read.length == 53 && read.kind == kind && read.arrayCount == 2 && read.id == 0x0102_0304_0506_0708)
  }
  #expect(all.filter(\.isRequest) == [.call, .cast, .spawn])
}

@Test func `the layout of a frame is fixed`() throws {
  let message = Message(kind: .call, id: 0x0A0B, body: [0xEE], arrays: [[1, 2], []])
  #expect(
    try message.bytes() == [
      49, 0, 0, 0, 2, 0, 2, 0, 0x0B, 0x0A, 0, 0, 0, 0, 0, 0, 0xEE,
      16, 0, 0, 0, 0, 0, 0, 0, WireTag.int64.rawValue, 0, 0, 0, 0, 0, 0, 0,
      0, 0, 0, 0, 0, 0, 0, 0, WireTag.int64.rawValue, 0, 0, 0, 0, 0, 0, 0,
      1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
    ])
}

@Test func `every kind of message that there is not is refused`() {
  for kind in (0...255 as ClosedRange<UInt8>) where !(1...10).contains(kind) {
    #expect(throws: WireError(.unknownKind, offset: 4)) { try header(headerBytes(length: 16, kind: kind)) }
  }
}

@Test func `a length that cannot hold header and table is refused`() throws {
  for length in [0, 1, 15] as [UInt32] {
    #expect(throws: WireError(.truncated, offset: 0)) { try header(headerBytes(length: length)) }
  }
  #expect(throws: WireError(.truncated, offset: 0)) { try header(headerBytes(length: 31, arrays: 1)) }
  #expect(throws: WireError(.truncated, offset: 0)) {
    try header(headerBytes(length: 16 + 16 * 65_535 - 1, arrays: .max))
  }
  #expect(try header(headerBytes(length: 16)).length == 16)
  #expect(try header(headerBytes(length: 32, arrays: 1)).arrayCount == 1)
}

@Test func `a length over the limit is refused`() throws {
  for length in [(1 << 30) + 1, 1 << 31, .max] as [UInt32] {
    #expect(throws: WireError(.lengthTooLarge, offset: 0)) { try header(headerBytes(length: length)) }
  }
  #expect(try header(headerBytes(length: 1 << 30)).length == 1 << 30)
}

@Test func `more arrays than the header can count are refused before anything is sent`() {
  let writer = FrameWriter()
  writer.beginFrame(.call, id: 0)
  let array = TypedBulkArray<Int64>([])
  for _ in 0...UInt16.max { _ = writer.append(bulk: array) }
  #expect(throws: ClusterError.self) { try writer.endFrame() }
}

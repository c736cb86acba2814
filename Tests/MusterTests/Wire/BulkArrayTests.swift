import Testing

@testable import Muster

private let large = (0..<5_000).map(Double.init)

@Test func `a large array travels beside the frame and is taken out without a copy`() throws {
  let frame = try Frame(encoding: ["x": large, "y": [1]])
  #expect(frame.bulk.count == 1 && frame.bytes.count < 100)
  let received = try BulkArray.allocate(elementCode: frame.bulk[0].elementCode, byteCount: frame.bulk[0].byteCount)
  received.base.copyMemory(from: frame.bulk[0].base, byteCount: received.byteCount)
  let decoded = try Frame(frame.bytes, bulk: [received]).decode([String: [Double]].self)
  #expect(decoded == ["x": large, "y": [1]])
  #expect(decoded["x"]!.withUnsafeBytes { $0.baseAddress! } == UnsafeRawPointer(received.base))
}

@Test func `the threshold decides`() throws {
  let count = BulkArray.threshold / 8
  #expect(try Frame(encoding: [Int](repeating: 1, count: count - 1)).bulk.isEmpty)
  #expect(try Frame(encoding: [Int](repeating: 1, count: count)).bulk.count == 1)
}

@Test func `the same index may be used twice`() throws {
  let array = TypedBulkArray([1, 2, 3])
  let bytes: [UInt8] = [0x06, 8, 0, 0, 0, 2, 0, 0, 0, 0x08, 0, 0x08, 0]
  #expect(try Frame(bytes, bulk: [array]).decode([[Int]].self) == [[1, 2, 3], [1, 2, 3]])
}

@Test func `a bulk array of another type is converted or refused`() throws {
  let array = TypedBulkArray([1, 2, 300])
  let frame = Frame([0x08, 0], bulk: [array])
  #expect(try frame.decode([Int16].self) == [1, 2, 300])
  #expect(throws: DecodingError.self) { try frame.decode([UInt8].self) }
  #expect(throws: DecodingError.self) { try frame.decode(Int.self) }
  #expect(throws: WireError(.missingBulk, offset: 1)) { try Frame([0x08, 1], bulk: [array]).decode([Int].self) }
  #expect(throws: WireError(.missingBulk, offset: 1)) { try Frame([0x08, 0]).decode([Int16].self) }
}

@Test func `impossible bulk arrays are not allocated`() throws {
  #expect(throws: WireError.self) { try BulkArray.allocate(elementCode: 0x04, byteCount: 8) }
  #expect(throws: WireError.self) { try BulkArray.allocate(elementCode: 0xFF, byteCount: 8) }
  #expect(throws: WireError.self) { try BulkArray.allocate(elementCode: 0x22, byteCount: 9) }
  #expect(throws: WireError.self) { try BulkArray.allocate(elementCode: 0x22, byteCount: -8) }
  #expect(try BulkArray.allocate(elementCode: 0x22, byteCount: 0).byteCount == 0)
  let huge = try BulkArray.allocate(elementCode: 0x10, byteCount: 8 << 20)
  huge.base.storeBytes(of: 5, as: Int.self)
  #expect(try Frame([0x08, 0], bulk: [huge]).decode([Int].self).first == 5)
}

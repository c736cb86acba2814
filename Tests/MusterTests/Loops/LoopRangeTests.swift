import Testing

@testable import Muster

/// Its indices, one after the other.
private func indices(_ range: some LoopRange) throws -> [Int] {
  let indices = try range.loopIndices()
  return (0..<indices.count).map { indices[$0] }
}

/// As a worker would fill them.
private func filled(_ range: some LoopRange) throws -> [Int] {
  let indices = try range.loopIndices()
  return [Int](unsafeUninitializedCapacity: indices.count) { buffer, count in
    if indices.count > 0 { indices.fill(buffer.baseAddress!, 0..<indices.count, with: SameIndex()) }
    count = indices.count
  }
}

struct SameIndex: RemoteLoopBody {
  func callAsFunction(_ i: Int) -> Int { i }
}

private func sameAsLoop<I: FixedWidthInteger & Sendable>(_ type: I.Type) throws {
  #expect(try indices(I(1)...10) == Array(1...10) && indices(I(1)..<11) == Array(1...10))
  #expect(try indices(I(3)..<3) == [])
  let (low, high) = (I.max - 2, I.max)
  #expect(try indices(low...high) == (low...high).map { Int($0) })
  #expect(try indices(low..<high) == (low..<high).map { Int($0) })
  #expect(try filled(low...high) == (low...high).map { Int($0) })
  #expect(try filled(I.min...I.min + 2) == (I.min...I.min + 2).map { Int($0) })
}

@Test func `a loop runs over integers of every type, to their ends`() throws {
  try sameAsLoop(UInt8.self)
  try sameAsLoop(UInt16.self)
  try sameAsLoop(UInt32.self)
  try sameAsLoop(Int8.self)
  try sameAsLoop(Int16.self)
  try sameAsLoop(Int32.self)
  try sameAsLoop(Int64.self)
  try sameAsLoop(Int.self)
  #expect(try indices(UInt8.min...UInt8.max).count == 256)
  #expect(try indices(Int8.min...Int8.max) == Array(-128...127))
  #expect(try indices(UInt64(5)...7) == [5, 6, 7])
}

@Test func `a loop runs over strides in both directions`() throws {
  for step in [1, 2, 3, 7, 100] {
    #expect(try indices(stride(from: 0, to: 14, by: step)) == Array(stride(from: 0, to: 14, by: step)))
    #expect(try indices(stride(from: 0, through: 14, by: step)) == Array(stride(from: 0, through: 14, by: step)))
    #expect(try filled(stride(from: 7, to: -7, by: -step)) == Array(stride(from: 7, to: -7, by: -step)))
    #expect(try filled(stride(from: 7, through: -7, by: -step)) == Array(stride(from: 7, through: -7, by: -step)))
  }
  #expect(try indices(stride(from: 3, to: 3, by: 1)) == [] && indices(stride(from: 3, through: 3, by: 5)) == [3])
  #expect(try indices(stride(from: 3, to: 5, by: -1)) == [])
  #expect(try indices(stride(from: UInt8(250), through: 255, by: 5)) == [250, 255])
  #expect(try indices(stride(from: UInt8(9), through: 0, by: -4)) == [9, 5, 1])
  #expect(
    try filled(stride(from: Int.min, through: Int.max, by: Int.max)) == [Int.min, -1, Int.max - 1])
}

@Test func `indices that do not fit into an Int are an error, and not a trap`() {
  func expectRefusal(_ range: some LoopRange) {
    #expect { try range.loopIndices() } throws: { ($0 as? ClusterError)?.code == .invalidArgument }
  }
  expectRefusal(UInt64.max - 1...UInt64.max)
  expectRefusal(0..<UInt64.max)
  expectRefusal(Int.min...Int.max)
  expectRefusal(Int128.max - 1...Int128.max)
  expectRefusal(0..<UInt128.max)
  expectRefusal(stride(from: UInt64.max, through: 0, by: -1))
}

@Test func `a range without elements may lie anywhere`() throws {
  #expect(try indices(UInt64.max..<UInt64.max) == [])
}

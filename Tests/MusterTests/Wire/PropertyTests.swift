import Testing

@testable import Muster

@Test func `random values survive the round trip`() throws {
  var generator = SplitMix64(seed: 1)
  for _ in 0..<10_000 {
    let value = Value.random(depth: 4, using: &generator)
    #expect(try roundTrip(value) == value)
  }
}

/// Damages a frame in one of the ways a bug, a bad cable or an attacker would.
private func damaged(_ bytes: [UInt8], using generator: inout SplitMix64) -> [UInt8] {
  var bytes = bytes
  func place() -> Int { Int.random(in: 0..<max(1, bytes.count), using: &generator) }
  for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
    let at = place()
    switch Int.random(in: 0...5, using: &generator) {
    case 0: bytes[at] ^= 1 << UInt8.random(in: 0...7, using: &generator)
    case 1: bytes[at] = .random(in: 0...255, using: &generator)
    case 2: bytes.removeSubrange(at...)
    case 3: bytes.insert(.random(in: 0...0x22, using: &generator), at: at)
    case 4: bytes.remove(at: at)
    default:
      let length: UInt32 = [.max, 0, 1, 0x7FFF_FFFF, UInt32(bytes.count)].randomElement(using: &generator)!
      for index in 0..<4 where at + index < bytes.count {
        bytes[at + index] = UInt8(truncatingIfNeeded: length >> UInt32(8 * index))
      }
    }
  }
  return bytes
}

/// Decodes and accepts an error only if it is a proper one; returns whether a value came out.
private func decodes<T: Decodable>(_ frame: Frame, as type: T.Type, size: (T) -> Int) -> Bool {
  do {
    let size = size(try frame.decode(type))
    #expect(size <= frame.bytes.count, "more elements than the bytes can hold")
    return true
  } catch let error as WireError {
    #expect(error.offset >= 0 && error.offset <= frame.bytes.count)
  } catch is DecodingError {
  } catch {
    Issue.record("unexpected error: \(error)")
  }
  return false
}

@Test func `damaged frames decode or throw`() throws {
  var generator = SplitMix64(seed: 2)
  var survivors = 0
  for _ in 0..<20_000 {
    let value = Value.random(depth: 3, using: &generator)
    let intact = try Frame(encoding: value)
    for _ in 0..<6 {
      let frame = Frame(damaged(intact.bytes, using: &generator))
      if decodes(frame, as: Value.self, size: { _ in 0 }) { survivors += 1 }
      _ = decodes(frame, as: [Double].self, size: { $0.count * 8 })
      _ = decodes(frame, as: [UInt8].self, size: { $0.count })
      _ = decodes(frame, as: [String: [Int]].self, size: { $0.count })
      _ = decodes(frame, as: Leaf.self, size: { $0.factors.count })
      _ = decodes(frame, as: String.self, size: { $0.utf8.count / 3 })
    }
  }
  #expect(survivors > 1_000, "the damage should not always be noticed, or it tests only one check")
}

@Test func `damaged arrays, strings and dictionaries decode or throw`() throws {
  var generator = SplitMix64(seed: 3)
  let frames = try [
    Frame(encoding: [1.0, 2.0, 3.0]), Frame(encoding: ["a", "b", "cé"]), Frame(encoding: ["k": [1, 2], "l": []]),
    Frame(encoding: Set([1, 2, 3])), Frame(encoding: [[1: "a"], [2: "b"]]),
  ]
  for round in 0..<50_000 {
    let frame = Frame(damaged(frames[round % frames.count].bytes, using: &generator))
    _ = decodes(frame, as: [Double].self, size: { $0.count })
    _ = decodes(frame, as: [String].self, size: { $0.count })
    _ = decodes(frame, as: [String: [Int]].self, size: { $0.count })
    _ = decodes(frame, as: Set<Int>.self, size: { $0.count })
    _ = decodes(frame, as: [[Int: String]].self, size: { $0.count })
  }
}

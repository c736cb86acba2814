import Testing

@testable import Muster

extension LineSplitter {
  fileprivate mutating func add(_ text: String) -> [String] {
    Array(text.utf8).withUnsafeBytes { add($0) }.map { String(decoding: $0, as: UTF8.self) }
  }
}

@Test func `lines come out when their end has come, whatever the pieces`() {
  var splitter = LineSplitter()
  let pieces = ["", "a", "b\nc\n\nd", "\n", "é"].map { splitter.add($0) }
  #expect(pieces == [[], [], ["ab", "c", ""], ["d"], []])
  let rest = splitter.finish()
  #expect(rest == Array("é".utf8))
  let nothing = splitter.finish()
  #expect(nothing == nil)
}

@Test func `every segmentation gives the same lines`() {
  let text = "first\n\nthird line\r\n\tx\nlast"
  for seed in 0..<50 {
    var generator = SplitMix64(seed: UInt64(seed))
    var splitter = LineSplitter()
    var lines: [[UInt8]] = []
    var bytes = ArraySlice(Array(text.utf8))
    while !bytes.isEmpty {
      let piece = bytes.prefix(Int.random(in: 1...6, using: &generator))
      bytes = bytes.dropFirst(piece.count)
      lines += Array(piece).withUnsafeBytes { splitter.add($0) }
    }
    if let rest = splitter.finish() { lines.append(rest) }
    #expect(lines.map { String(decoding: $0, as: UTF8.self) } == ["first", "", "third line\r", "\tx", "last"])
  }
}

@Test func `a line without an end comes out in pieces, and one that just fits is one line`() {
  let most = LineSplitter.maximumLength
  for (count, expected) in [
    (most - 1, [most - 1]), (most, [most]), (most + 1, [most, 1]), (3 * most, [most, most, most]),
  ] {
    var splitter = LineSplitter()
    let text = [UInt8](repeating: 65, count: count) + [10]
    let lines = text.withUnsafeBytes { splitter.add($0) }
    #expect(lines.map(\.count) == expected)
    let rest = splitter.finish()
    #expect(rest == nil)
  }
}

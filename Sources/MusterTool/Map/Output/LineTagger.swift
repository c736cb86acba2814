/// Puts a tag before each line of what comes in pieces; a plain value.
struct LineTagger: Sendable {
  private let tag: Bytes
  private var isAtLineStart = true

  init(_ tag: Bytes) { self.tag = tag }

  /// GNU parallel's tag: the arguments, and a tab.
  init(arguments: [Bytes]) { tag = arguments.joined(separator: [UInt8(ascii: " ")]) + [UInt8(ascii: "\t")] }

  mutating func callAsFunction(_ bytes: Bytes) -> Bytes {
    guard !tag.isEmpty else { return bytes }
    var result = Bytes()
    var rest = bytes[...]
    while !rest.isEmpty {
      if isAtLineStart { result += tag }
      let end = rest.firstIndex(of: UInt8(ascii: "\n"))
      isAtLineStart = end != nil
      let count = end.map { $0 + 1 } ?? rest.endIndex
      result += rest[..<count]
      rest = rest[count...]
    }
    return result
  }
}

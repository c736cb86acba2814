/// Cuts a stream of bytes into lines; a plain value.
struct LineSplitter: Sendable {
  /// A line without an end is passed on in pieces of this size.
  static let maximumLength = 64 << 10

  private var partial: [UInt8] = []

  /// The lines that `bytes` completes, without their ends.
  mutating func add(_ bytes: UnsafeRawBufferPointer) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        lines.append(partial)
        partial.removeAll(keepingCapacity: true)
      } else {
        if partial.count == Self.maximumLength {
          lines.append(partial)
          partial.removeAll(keepingCapacity: true)
        }
        partial.append(byte)
      }
    }
    return lines
  }

  /// The last line, if it has no end.
  mutating func finish() -> [UInt8]? {
    defer { partial = [] }
    return partial.isEmpty ? nil : partial
  }
}

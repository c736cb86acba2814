/// A position in bytes that are not to be trusted: every read checks that they are there.
struct ByteCursor {
  let bytes: UnsafeRawBufferPointer
  private(set) var offset: Int

  /// Where the readable bytes end: `0 ≤ offset ≤ end ≤ bytes.count` always holds.
  let end: Int

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    offset = 0
    end = bytes.count
  }

  /// Creates a cursor over a part of some bytes.
  ///
  /// - Throws: `truncated` if the part does not lie inside the bytes.
  @inline(__always)
  init(_ bytes: UnsafeRawBufferPointer, from offset: Int, to end: Int) throws(WireError) {
    guard offset >= 0, offset <= end, end <= bytes.count else {
      throw WireError(.truncated, offset: bytes.count)
    }
    self.bytes = bytes
    self.offset = offset
    self.end = end
  }

  var isAtEnd: Bool { offset == end }

  /// Moves over `count` bytes and returns the offset of the first.
  @inline(__always)
  mutating func skip(_ count: Int) throws(WireError) -> Int {
    guard count <= end - offset else { throw WireError(.truncated, offset: offset) }
    let start = offset
    offset = start + count
    return start
  }

  @inline(__always)
  mutating func read<Integer: FixedWidthInteger>(_: Integer.Type) throws(WireError) -> Integer {
    let start = try skip(MemoryLayout<Integer>.size)
    // FixedWidthInteger does not promise BitwiseCopyable; as bytes, any integer can be filled in.
    var integer = Integer.zero
    withUnsafeMutableBytes(of: &integer) {
      $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + $0.count]))
    }
    return Integer(littleEndian: integer)
  }

  @inline(__always)
  mutating func readByte() throws(WireError) -> UInt8 {
    bytes[try skip(1)]
  }

  @inline(__always)
  mutating func readVarint() throws(WireError) -> UInt64 {
    let first = try readByte()
    return first < 0x80 ? UInt64(first) : try readLongVarint(first)
  }

  @inline(never)
  private mutating func readLongVarint(_ first: UInt8) throws(WireError) -> UInt64 {
    let start = offset - 1
    var result = UInt64(first & 0x7F)
    for shift in stride(from: UInt64(7), through: 63, by: 7) {
      let byte = try readByte()
      result |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 {
        // The tenth byte has room for the highest bit only.
        guard shift < 63 || byte <= 1 else { break }
        return result
      }
    }
    throw WireError(.numberOutOfRange, offset: start)
  }

  /// Reads a length that the bytes after it have to fulfil.
  ///
  /// - Parameter stride: how many bytes each of the counted things needs at least.
  @inline(__always)
  mutating func readCount(stride: Int = 1) throws(WireError) -> Int {
    let start = offset
    guard let count = Int(exactly: try readVarint()), count <= (end - offset) / stride else {
      throw WireError(.lengthTooLarge, offset: start)
    }
    return count
  }

  /// Reads a varint length and that many bytes; returns their range.
  @inline(__always)
  mutating func readBlock() throws(WireError) -> Range<Int> {
    let count = try readCount()
    let start = try skip(count)
    return Range(uncheckedBounds: (start, start + count))
  }

  mutating func readString() throws(WireError) -> String {
    try string(in: readBlock())
  }

  /// The string whose UTF-8 lies in a range of the bytes.
  func string(in range: Range<Int>) throws(WireError) -> String {
    try bytes.string(in: range)
  }
}

extension UnsafeRawBufferPointer {
  /// The string whose UTF-8 lies in a range of these bytes.
  func string(in range: Range<Int>) throws(WireError) -> String {
    let utf8 = UnsafeRawBufferPointer(rebasing: self[range]).assumingMemoryBound(to: UInt8.self)
    // The validating initialiser costs some 60 ns even for a short name; most strings are ASCII.
    // Without a way out of the loop, so that it is done many bytes at a time.
    if utf8.reduce(0, |) < 0x80 { return String(decoding: utf8, as: UTF8.self) }
    guard let string = String(validating: utf8, as: UTF8.self) else {
      throw WireError(.invalidUTF8, offset: range.lowerBound)
    }
    return string
  }
}

/// Reads a frame that came from elsewhere: malformed bytes are errors, whatever they are.
struct FrameReader {
  private var cursor: ByteCursor
  private let bulk: [BulkArray]
  private let userInfo: [CodingUserInfoKey: any Sendable]

  /// Creates a reader at the start of a frame.
  ///
  /// - Parameters:
  ///   - bytes: the frame; has to stay where it is as long as the reader is used.
  ///   - bulk: the arrays that came beside the frame, in the order of their indices.
  ///   - userInfo: what every `Decoder` hands to the values it decodes. (An empty literal would cost a call.)
  init(
    _ bytes: UnsafeRawBufferPointer, bulk: [BulkArray] = [], userInfo: [CodingUserInfoKey: any Sendable] = .init()
  ) {
    cursor = ByteCursor(bytes)
    self.bulk = bulk
    self.userInfo = userInfo
  }

  /// How many bytes have been read.
  var offset: Int { cursor.offset }

  /// Whether all bytes have been read.
  var isAtEnd: Bool { cursor.isAtEnd }

  /// Checks that nothing is left.
  ///
  /// - Throws: `trailingBytes` if something is.
  func expectEnd() throws(WireError) {
    guard isAtEnd else { throw WireError(.trailingBytes, offset: offset) }
  }

  /// Reads a little-endian integer.
  @inline(__always)
  mutating func read<Integer: FixedWidthInteger>(_ type: Integer.Type) throws(WireError) -> Integer {
    try cursor.read(type)
  }

  /// Reads an integer that `FrameWriter.writeVarint` wrote.
  @inline(__always)
  mutating func readVarint() throws(WireError) -> UInt64 {
    try cursor.readVarint()
  }

  /// Reads a string that `FrameWriter.write(string:)` wrote.
  mutating func readString() throws(WireError) -> String {
    try cursor.readString()
  }

  /// Reads bytes without copying them: they lie in the frame.
  mutating func readBytes(count: Int) throws(WireError) -> UnsafeRawBufferPointer {
    guard count >= 0 else { throw WireError(.lengthTooLarge, offset: offset) }
    let start = try cursor.skip(count)
    return UnsafeRawBufferPointer(rebasing: cursor.bytes[start..<start + count])
  }

  /// Decodes a value that `FrameWriter.encode` appended.
  ///
  /// - Throws: `WireError` if the bytes are malformed, `DecodingError` if they are a value of
  ///   another type, or what the type's own `init(from:)` throws.
  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    let value = try cursor.nextValue()
    let isEmpty = MemoryLayout<Value>.size == 0 && value.tag == .keyed && value.payload == value.end
    if isEmpty, CodingScratch.current.pointee.emptyDecoded.contains(type) {
      // A type of size 0 has one value, and no memory is read to make it.
      var nothing = DirectSlot()
      return nothing.take()
    }
    if let direct = DirectTypes.find(type) {
      var slot = DirectSlot()
      if try direct.decode(value, in: cursor.bytes, bulk: bulk, to: &slot.memory) { return slot.take() }
    }
    let scratch = CodingScratch.current
    var frame = scratch.pointee.takeFrame()
    frame.open(cursor.bytes, bulk: bulk, userInfo: userInfo)
    defer { frame.invalidate() }
    var decoder = scratch.pointee.takeDecoder()
    decoder.begin(value, in: frame)
    let decoded = try Value(from: decoder)
    if let failure = frame.failure { throw failure }
    scratch.giveBack(&decoder)
    scratch.giveBack(&frame)
    if isEmpty { scratch.pointee.emptyDecoded.insert(type) }
    return decoded
  }
}

/// A value in the bytes of the wire, in one piece: the arrays that would travel beside its frame come before it.
struct EncodedValue {
  private let frame: [UInt8]
  private let arrays: [BulkArray]
  /// References are something else in every process.
  let dependsOnDestination: Bool

  /// - Throws: what the value's `encode(to:)` throws, or `WireError`.
  init(_ value: some Encodable) throws {
    let writer = FrameWriter()
    try writer.encode(value)
    frame = writer.withUnsafeBytes { Array($0) }
    arrays = writer.bulk
    dependsOnDestination = writer.userInfoWasRead
  }

  /// The parts, for a hash.
  func withParts(_ body: (UnsafeRawBufferPointer) -> Void) {
    frame.withUnsafeBytes { body($0) }
    for array in arrays { withExtendedLifetime(array) { body(array.bytes) } }
  }

  var bytes: [UInt8] {
    let head = FrameWriter()
    head.writeVarint(UInt64(arrays.count))
    for array in arrays {
      head.writeVarint(UInt64(array.elementCode))
      head.writeVarint(UInt64(array.byteCount))
    }
    var bytes = head.withUnsafeBytes { Array($0) }
    for array in arrays { withExtendedLifetime(array) { bytes += array.bytes } }
    return bytes + frame
  }

  /// Reads what `bytes` says.
  ///
  /// - Throws: `WireError` if the bytes are malformed, `DecodingError` if they are a value of another type.
  static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
    try bytes.withUnsafeBytes { memory in
      var reader = FrameReader(memory)
      var arrays: [(code: UInt8, size: Int)] = []
      for _ in 0..<(try reader.readVarint()) {
        let code = UInt8(truncatingIfNeeded: try reader.readVarint())
        guard let size = Int(exactly: try reader.readVarint()), size <= memory.count else {
          throw WireError(.lengthTooLarge, offset: reader.offset)
        }
        arrays.append((code, size))
      }
      let bulk = try arrays.map { array in
        let read = try BulkArray.allocate(elementCode: array.code, byteCount: array.size)
        read.base.copyMemory(from: try reader.readBytes(count: array.size).baseAddress!, byteCount: array.size)
        return read
      }
      var value = FrameReader(UnsafeRawBufferPointer(rebasing: memory[reader.offset...]), bulk: bulk)
      return try value.decode(type)
    }
  }
}

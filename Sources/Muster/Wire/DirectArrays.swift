/// A type whose arrays are coded directly.
protocol DirectElement {
  /// Appends an array of values.
  ///
  /// - Throws: `lengthTooLarge` if the format cannot say the length; part of the array may have been written.
  static func encode(_ array: [Self], to writer: FrameWriter) throws(WireError)

  /// Returns a stored array, or nil if the stored value is something else.
  static func decodeArray(
    _ value: WireValue, in bytes: UnsafeRawBufferPointer, bulk: [BulkArray]
  ) throws(WireError) -> [Self]?
}

extension Array: DirectlyCoded where Element: DirectElement {
  static var isScalar: Bool { false }

  static func encode(_ value: UnsafeRawPointer, to writer: FrameWriter) throws(WireError) {
    try Element.encode(load(value), to: writer)
  }

  static func decode(
    _ value: WireValue, in bytes: UnsafeRawBufferPointer, bulk: [BulkArray], to result: UnsafeMutableRawPointer
  ) throws(WireError) -> Bool {
    guard let array = try Element.decodeArray(value, in: bytes, bulk: bulk) else { return false }
    store(array, to: result)
    return true
  }
}

/// An array of numbers, as one block of memory: inside the frame, or beside it if it is large.
extension DirectElement where Self: WireNumber {
  static func encode(_ array: [Self], to writer: FrameWriter) {
    array.withUnsafeBytes { memory in
      if memory.count < BulkArray.threshold {
        writer.write(WireTag.array)
        writer.write(tag)
        writer.writeVarint(UInt64(array.count))
        writer.write(bytes: memory)
      } else {
        writer.write(WireTag.bulk)
        writer.writeVarint(UInt64(writer.append(bulk: TypedBulkArray(array))))
      }
    }
  }

  static func decodeArray(
    _ value: WireValue, in bytes: UnsafeRawBufferPointer, bulk: [BulkArray]
  ) throws(WireError) -> [Self]? {
    switch value.tag {
    case .array where value.detail == Int(tag.rawValue):
      return Array(copying: bytes[value.payload..<value.end])
    case .bulk:
      let array = try bulk.array(for: value)
      guard array.elementCode == tag.rawValue else { return nil }
      // The code decides which subclass a bulk array has, and they are made in one file only.
      return unsafeDowncast(array, to: TypedBulkArray<Self>.self).array
    default:
      return nil
    }
  }
}

/// An array of strings: the same unkeyed container that coding them one by one would write.
extension String: DirectElement {
  static func encode(_ array: [String], to writer: FrameWriter) throws(WireError) {
    let start = writer.beginContainer(.unkeyed)
    for string in array {
      writer.write(WireTag.string)
      writer.write(string: string)
    }
    try writer.endContainer(from: start, elementCount: array.count)
  }

  static func decodeArray(
    _ value: WireValue, in bytes: UnsafeRawBufferPointer, bulk: [BulkArray]
  ) throws(WireError) -> [String]? {
    guard value.tag == .unkeyed else { return nil }
    var cursor = try ByteCursor(bytes, from: value.payload, to: value.end)
    var strings: [String] = []
    // A string takes two bytes at least, so a false count cannot cost more memory than a true one.
    strings.reserveCapacity(Swift.min(value.detail, (value.end - value.payload) / 2))
    for _ in 0..<value.detail {
      // Something else among the strings: the general way finds out what is wrong, and where.
      guard try cursor.readByte() == WireTag.string.rawValue else { return nil }
      strings.append(try cursor.readString())
    }
    guard cursor.isAtEnd else { throw WireError(.trailingBytes, offset: cursor.offset) }
    return strings
  }
}

extension Array where Element: WireNumber {
  fileprivate init(copying memory: Slice<UnsafeRawBufferPointer>) {
    let count = memory.count / MemoryLayout<Element>.stride
    self.init(unsafeUninitializedCapacity: count) { buffer, initializedCount in
      UnsafeMutableRawBufferPointer(buffer).copyMemory(from: UnsafeRawBufferPointer(rebasing: memory))
      initializedCount = count
    }
  }
}

extension [BulkArray] {
  /// The array that a value refers to.
  ///
  /// - Throws: `missingBulk` if it did not come with the frame.
  func array(for value: WireValue) throws(WireError) -> BulkArray {
    guard value.detail < count else { throw WireError(.missingBulk, offset: value.payload) }
    return self[value.detail]
  }
}

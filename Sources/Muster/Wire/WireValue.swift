/// Where one value lies in a frame. Whoever holds one made by `ByteCursor` may rely on its bounds.
struct WireValue {
  let tag: WireTag

  /// What stands between tag and payload: the level of a nested nil, the count of an unkeyed
  /// container, the element tag of an array or the index of a bulk array.
  let detail: Int

  /// The offset of the first byte of a string, number, container's content or array's memory.
  let payload: Int

  /// The offset just after the value.
  let end: Int

  /// Whether this is nil at some level of nesting.
  var isNil: Bool { tag == .nil || tag == .nestedNil }
}

extension ByteCursor {
  /// Reads the outline of the next value and moves behind it; containers are not looked into.
  @inline(__always)
  mutating func nextValue() throws(WireError) -> WireValue {
    let start = offset
    guard let tag = WireTag(rawValue: try readByte()) else {
      throw WireError(.unknownTag, offset: start)
    }
    let size = tag.numberSize
    if size > 0 {
      let payload = try skip(size)
      return WireValue(tag: tag, detail: 0, payload: payload, end: offset)
    }
    return try outline(of: tag)
  }

  private mutating func outline(of tag: WireTag) throws(WireError) -> WireValue {
    switch tag {
    case .string:
      let block = try readBlock()
      return WireValue(tag: tag, detail: 0, payload: block.lowerBound, end: offset)
    case .keyed:
      let length = try readByteLength()
      return WireValue(tag: tag, detail: 0, payload: try skip(length), end: offset)
    case .unkeyed:
      return try unkeyedOutline()
    case .array:
      return try arrayOutline()
    case .nestedNil, .bulk:
      let start = offset
      guard let detail = Int(exactly: try readVarint()) else {
        throw WireError(.numberOutOfRange, offset: start)
      }
      return WireValue(tag: tag, detail: detail, payload: start, end: offset)
    default:
      return WireValue(tag: tag, detail: 0, payload: offset, end: offset)
    }
  }

  private mutating func unkeyedOutline() throws(WireError) -> WireValue {
    let length = try readByteLength()
    let start = offset
    let end = try skip(length) + length
    var content = try ByteCursor(bytes, from: start, to: end)
    let count = Int(try content.read(UInt32.self))
    // The shortest value is one byte, so a larger count cannot be true.
    guard count <= end - content.offset else { throw WireError(.lengthTooLarge, offset: start) }
    return WireValue(tag: .unkeyed, detail: count, payload: content.offset, end: end)
  }

  private mutating func arrayOutline() throws(WireError) -> WireValue {
    let start = offset
    guard let element = WireTag(rawValue: try readByte()), element.numberSize > 0 else {
      throw WireError(.unknownTag, offset: start)
    }
    let count = try readCount(stride: element.numberSize)
    let payload = try skip(count * element.numberSize)
    return WireValue(tag: .array, detail: Int(element.rawValue), payload: payload, end: offset)
  }

  private mutating func readByteLength() throws(WireError) -> Int {
    let start = offset
    let length = Int(try read(UInt32.self))
    guard length <= end - offset else { throw WireError(.lengthTooLarge, offset: start) }
    return length
  }
}

/// Reads values one after the other: those of an unkeyed container, or the numbers of an array.
struct UnkeyedReader: UnkeyedDecodingContainer {
  private let decoder: WireDecoder
  private let frame: DecodingFrame

  /// The tag that the elements do not carry themselves, because they are an array's.
  private let elementTag: WireTag?

  private let elementCount: Int
  private let end: Int
  private var offset: Int
  private(set) var currentIndex = 0

  /// Creates a reader of an unkeyed container.
  init(of decoder: WireDecoder) {
    self.decoder = decoder
    frame = decoder.frame
    elementTag = nil
    elementCount = decoder.value.detail
    offset = decoder.value.payload
    end = decoder.value.end
  }

  /// Creates a reader of the numbers of an array.
  init(of decoder: WireDecoder, elements tag: WireTag, in frame: DecodingFrame, at range: Range<Int>) {
    self.decoder = decoder
    self.frame = frame
    elementTag = tag
    elementCount = range.count / tag.numberSize
    offset = range.lowerBound
    end = range.upperBound
  }

  var codingPath: [any CodingKey] { decoder.codingPath }
  var count: Int? { elementCount }
  var isAtEnd: Bool { currentIndex == elementCount }

  mutating func decodeNil() throws -> Bool {
    let value = try nextValue(Any?.self)
    guard value.tag == .nil else { return false }
    try advance(over: value)
    return true
  }

  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    let value = try nextValue(type)
    let decoded = try decoder.decodeInside(type, from: value, in: frame, key: IndexKey(currentIndex))
    try advance(over: value)
    return decoded
  }

  mutating func decode(_ type: Int128.Type) throws -> Int128 { try decodeNumber() }
  mutating func decode(_ type: UInt128.Type) throws -> UInt128 { try decodeNumber() }

  mutating func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type
  ) throws -> KeyedDecodingContainer<NestedKey> {
    try nestedDecoder { try $0.container(keyedBy: type) }
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try nestedDecoder { try $0.unkeyedContainer() }
  }

  mutating func superDecoder() throws -> any Decoder {
    try nestedDecoder { $0 }
  }
}

extension UnkeyedReader {
  private mutating func decodeNumber<Number: WireNumber>() throws -> Number {
    try decode(Number.self)
  }

  /// Moves on only if `body` succeeds, so that the element can be decoded as something else.
  private mutating func nestedDecoder<Result>(_ body: (WireDecoder) throws -> Result) throws -> Result {
    let value = try nextValue((any Decoder).self)
    let result = try body(decoder.makeChild(value, in: frame, key: IndexKey(currentIndex)))
    try advance(over: value)
    return result
  }

  @inline(__always)
  private func nextValue(_ type: Any.Type) throws -> WireValue {
    guard !isAtEnd else {
      throw DecodingError.valueNotFound(
        type,
        .init(codingPath: codingPath + [IndexKey(currentIndex)], debugDescription: "the container has no more values"))
    }
    if let elementTag {
      return WireValue(tag: elementTag, detail: 0, payload: offset, end: offset + elementTag.numberSize)
    }
    var cursor = try ByteCursor(frame.bytes, from: offset, to: end)
    return try cursor.nextValue()
  }

  @inline(__always)
  private mutating func advance(over value: WireValue) throws(WireError) {
    offset = value.end
    currentIndex += 1
    if isAtEnd, offset != end { throw WireError(.trailingBytes, offset: offset) }
  }
}

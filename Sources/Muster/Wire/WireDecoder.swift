/// Reads one value of a frame.
final class WireDecoder: Decoder, CodingPlace {
  @exclusivity(unchecked) private(set) var value = WireValue(tag: .nil, detail: 0, payload: 0, end: 0)

  /// Nil only while `CodingScratch` has the decoder, and nobody else.
  @exclusivity(unchecked) private(set) var frame: DecodingFrame!

  @exclusivity(unchecked) private(set) var parent: WireDecoder?
  @exclusivity(unchecked) private(set) var key: (any CodingKey)?

  /// How many containers the value lies in.
  @exclusivity(unchecked) private(set) var depth = 0

  /// See `WireEncoder.nilLevel`.
  @exclusivity(unchecked) private(set) var nilLevel = 0

  /// The offset of the entry of a keyed container that will probably be asked for next.
  @exclusivity(unchecked) var nextEntry = 0

  /// For `CodingScratch`.
  @exclusivity(unchecked) var next: WireDecoder?

  /// Makes this the decoder of a value. The properties that are not mentioned are as `clear` left them.
  @inline(__always)
  func begin(_ value: WireValue, in frame: DecodingFrame) {
    self.value = value
    self.frame = frame
    nextEntry = value.payload
  }

  /// Makes this the decoder of a value in the place of another's or inside it.
  @inline(__always)
  func begin(_ value: WireValue, in frame: DecodingFrame, parent: WireDecoder, depth: Int, nilLevel: Int) {
    begin(value, in: frame)
    self.parent = parent
    self.depth = depth
    self.nilLevel = nilLevel
  }

  /// Forgets everything.
  func clear() {
    frame = nil
    // What has no parent has no key.
    if parent != nil {
      parent = nil
      key = nil
    }
    depth = 0
    nilLevel = 0
  }

  var userInfo: [CodingUserInfoKey: Any] { frame.userInfo }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard value.tag == .keyed else { throw mismatch([String: Any].self) }
    try checkDepth()
    return CodingScratch.current.pointee.reader(for: type, of: self)
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try checkDepth()
    switch value.tag {
    case .unkeyed:
      return UnkeyedReader(of: self)
    case .array:
      return try numbers(code: value.detail, in: frame, at: value.payload..<value.end)
    case .bulk:
      let array = try frame.bulk.array(for: value)
      let memory = DecodingFrame(array, userInfo: frame.userInfo)
      return try numbers(code: Int(array.elementCode), in: memory, at: 0..<array.byteCount)
    default:
      throw mismatch([Any].self)
    }
  }

  func singleValueContainer() -> any SingleValueDecodingContainer {
    SingleValueReader(decoder: self)
  }

  private func numbers(code: Int, in memory: DecodingFrame, at range: Range<Int>) throws(WireError) -> UnkeyedReader {
    guard let tag = UInt8(exactly: code).flatMap(WireTag.init(rawValue:)), tag.numberSize > 0 else {
      throw WireError(.unknownTag, offset: value.payload)
    }
    return UnkeyedReader(of: self, elements: tag, in: memory, at: range)
  }

  private func checkDepth() throws(WireError) {
    guard depth < WireLimits.depth else { throw WireError(.depthExceeded, offset: value.payload) }
  }
}

// MARK: - Content

extension WireDecoder {
  /// Decodes a value inside this one's container.
  @inline(__always)
  func decodeInside<Value: Decodable>(
    _ type: Value.Type, from value: WireValue, in frame: DecodingFrame, key: @autoclosure () -> any CodingKey
  ) throws -> Value {
    // Holds for every value of a frame, until the frame is invalidated.
    guard value.end <= frame.bytes.count else { throw WireError(.truncated, offset: frame.bytes.count) }
    if let direct = DirectTypes.find(type) {
      var slot = DirectSlot()
      if try direct.decode(value, in: frame.bytes, bulk: frame.bulk, to: &slot.memory) { return slot.take() }
    }
    let scratch = CodingScratch.current
    var child = scratch.pointee.takeDecoder()
    child.begin(value, in: frame, parent: self, depth: depth + 1, nilLevel: 0)
    child.key = key()
    let decoded = try Value(from: child)
    scratch.giveBack(&child)
    return decoded
  }

  /// Decodes a value in the place of this one.
  func decodeInPlace<Value: Decodable>(_ type: Value.Type) throws -> Value {
    guard value.end <= frame.bytes.count else { throw WireError(.truncated, offset: frame.bytes.count) }
    if let direct = DirectTypes.find(type) {
      var slot = DirectSlot()
      if try direct.decode(value, in: frame.bytes, bulk: frame.bulk, to: &slot.memory) { return slot.take() }
      if direct.isScalar { throw mismatch(type) }
    }
    let scratch = CodingScratch.current
    var child = scratch.pointee.takeDecoder()
    child.begin(value, in: frame, parent: self, depth: depth, nilLevel: nilLevel + 1)
    let decoded = try Value(from: child)
    scratch.giveBack(&child)
    return decoded
  }

  /// Creates the decoder of a nested container, for the caller to keep.
  func makeChild(_ value: WireValue, in frame: DecodingFrame, key: any CodingKey) -> WireDecoder {
    let child = WireDecoder()
    child.begin(value, in: frame, parent: self, depth: depth + 1, nilLevel: 0)
    child.key = key
    return child
  }

  /// Whether the value is nil, seen from this level of nesting.
  var isNil: Bool {
    value.tag == .nil || value.tag == .nestedNil && value.detail <= nilLevel
  }

  /// The error for a value that is well-formed but not what was asked for.
  func mismatch(_ type: Any.Type) -> DecodingError {
    func context(_ what: String) -> DecodingError.Context {
      DecodingError.Context(codingPath: codingPath, debugDescription: what)
    }
    if value.isNil { return .valueNotFound(type, context("found nil instead of \(type)")) }
    if value.tag.numberSize > 0, type is any WireNumber.Type {
      return .dataCorrupted(context("the stored number does not fit \(type)"))
    }
    return .typeMismatch(type, context("found a value with the tag \(value.tag.rawValue) instead of \(type)"))
  }
}

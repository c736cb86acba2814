/// What all decoders of one frame share. `@exclusivity(unchecked)` for the reason `FrameWriter` gives.
final class DecodingFrame {
  @exclusivity(unchecked) private(set) var bytes: UnsafeRawBufferPointer
  let bulk: [BulkArray]
  let userInfo: [CodingUserInfoKey: any Sendable]

  /// What was found malformed where nothing could be thrown.
  @exclusivity(unchecked) private(set) var failure: WireError?

  /// Keeps the bytes alive if they are not the caller's.
  private let owner: AnyObject?

  init(_ bytes: UnsafeRawBufferPointer, bulk: [BulkArray], userInfo: [CodingUserInfoKey: any Sendable]) {
    self.bytes = bytes
    self.bulk = bulk
    self.userInfo = userInfo
    owner = nil
  }

  /// Creates a frame whose bytes are the elements of an array.
  init(_ array: BulkArray, userInfo: [CodingUserInfoKey: any Sendable]) {
    bytes = array.bytes
    bulk = []
    self.userInfo = userInfo
    owner = array
  }

  /// Lets go of the bytes: a decoder that someone kept finds none, rather than freed memory.
  func invalidate() {
    bytes = UnsafeRawBufferPointer(start: nil, count: 0)
  }

  func note(_ error: WireError) {
    failure = failure ?? error
  }
}

/// Reads one value of a frame.
final class WireDecoder: Decoder, CodingPlace {
  let value: WireValue
  let frame: DecodingFrame
  let parent: WireDecoder?
  let key: (any CodingKey)?

  /// How many containers the value lies in.
  let depth: Int

  /// See `WireEncoder.nilLevel`.
  let nilLevel: Int

  /// The offset of the entry of a keyed container that will probably be asked for next.
  @exclusivity(unchecked) var nextEntry: Int

  init(
    _ value: WireValue, in frame: DecodingFrame, parent: WireDecoder? = nil, key: (any CodingKey)? = nil,
    depth: Int = 0, nilLevel: Int = 0
  ) {
    self.value = value
    self.frame = frame
    self.parent = parent
    self.key = key
    self.depth = depth
    self.nilLevel = nilLevel
    nextEntry = value.payload
  }

  var userInfo: [CodingUserInfoKey: Any] { frame.userInfo }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard value.tag == .keyed else { throw mismatch([String: Any].self) }
    try checkDepth()
    return KeyedDecodingContainer(KeyedReader<Key>(decoder: self))
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
      if try slot.decode(direct, from: value, in: frame.bytes, bulk: frame.bulk) { return slot.take(type) }
    }
    return try Value(from: WireDecoder(value, in: frame, parent: self, key: key(), depth: depth + 1))
  }

  /// Decodes a value in the place of this one.
  func decodeInPlace<Value: Decodable>(_ type: Value.Type) throws -> Value {
    guard value.end <= frame.bytes.count else { throw WireError(.truncated, offset: frame.bytes.count) }
    if let direct = DirectTypes.find(type) {
      var slot = DirectSlot()
      if try slot.decode(direct, from: value, in: frame.bytes, bulk: frame.bulk) { return slot.take(type) }
      if direct.isScalar { throw mismatch(type) }
    }
    return try Value(from: WireDecoder(value, in: frame, parent: self, depth: depth, nilLevel: nilLevel + 1))
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
    return .typeMismatch(type, context("found a value of kind \(value.tag) instead of \(type)"))
  }
}

extension FrameWriter {
  /// Appends one value.
  ///
  /// - Throws: what the value's `encode(to:)` throws, or `WireError` if the value is too deep or
  ///   too large for the format. The frame is then as it was before.
  func encode<Value: Encodable>(_ value: Value) throws {
    if DirectTypes.encode(value, to: self) { return }
    let start = mark
    do {
      let encoder = WireEncoder(output: self)
      try value.encode(to: encoder)
      try encoder.finish()
    } catch {
      rewind(to: start)
      throw error
    }
  }
}

/// Writes one value to the end of a frame, or to a part that is spliced into it.
///
/// Containers are used like a stack almost always: whoever encodes a value is done with it before
/// the next begins. Hence everything goes straight to the end of one buffer. Only what
/// `nestedContainer` and `superEncoder` return may be written at any time until the value is
/// finished, so these write to buffers of their own, see `detours`.
///
/// `@exclusivity(unchecked)` for the reason `FrameWriter` gives.
final class WireEncoder: Encoder, CodingPlace {
  /// What the value turned out to be.
  enum Shape {
    case undecided, single, keyed, unkeyed
  }

  let output: FrameWriter
  let parent: WireEncoder?
  let key: (any CodingKey)?

  /// How many containers the value lies in.
  let depth: Int

  /// How many single-value containers were passed on the way to this one: `.some(nil)` encodes
  /// its content as a single value again, and the level tells that nil from an outer one.
  let nilLevel: Int

  @exclusivity(unchecked) private(set) var shape = Shape.undecided

  /// How many elements an unkeyed container has so far.
  @exclusivity(unchecked) private(set) var elementCount = 0

  @exclusivity(unchecked) private var start = 0
  @exclusivity(unchecked) private var detours: [Detour] = []

  /// What went wrong where nothing could be thrown.
  @exclusivity(unchecked) private var failure: (any Error)?

  private struct Detour {
    let offset: Int
    let name: String?
    let encoder: WireEncoder
  }

  init(
    output: FrameWriter, parent: WireEncoder? = nil, key: (any CodingKey)? = nil, depth: Int = 0, nilLevel: Int = 0
  ) {
    self.output = output
    self.parent = parent
    self.key = key
    self.depth = depth
    self.nilLevel = nilLevel
  }

  var userInfo: [CodingUserInfoKey: Any] { output.userInfo }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    KeyedEncodingContainer(KeyedWriter<Key>(encoder: opened(as: .keyed)))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    UnkeyedWriter(encoder: opened(as: .unkeyed))
  }

  func singleValueContainer() -> any SingleValueEncodingContainer {
    SingleValueWriter(encoder: self)
  }
}

// MARK: - Shape

extension WireEncoder {
  private static let headerSize = 5

  /// Makes the value a container, unless it is one already.
  ///
  /// - Returns: this encoder, or one whose output is thrown away if the value cannot be that
  ///   container; `finish` then throws.
  private func opened(as wanted: Shape) -> WireEncoder {
    if shape == wanted { return self }
    guard shape == .undecided else { return refuse(misuse("two kinds of container for one value")) }
    guard depth < WireLimits.depth else { return refuse(WireError(.depthExceeded, offset: output.count)) }
    shape = wanted
    start = output.count
    output.write(wanted == .keyed ? WireTag.keyed : .unkeyed)
    output.write(UInt32.zero)
    if wanted == .unkeyed { output.write(UInt32.zero) }
    return self
  }

  private func refuse(_ error: any Error) -> WireEncoder {
    failure = failure ?? error
    let scratch = WireEncoder(output: FrameWriter(), parent: parent, key: key, depth: depth + 1)
    scratch.shape = .keyed
    return scratch
  }

  private func misuse(_ what: String) -> EncodingError {
    // Not `self` as the value: the error is kept here, and the two would hold each other for ever.
    .invalidValue(what, EncodingError.Context(codingPath: codingPath, debugDescription: what))
  }

  /// Notes that the value is a single one.
  ///
  /// - Throws: `EncodingError` if something else was encoded before.
  func becomeSingle() throws {
    guard shape == .undecided else { throw misuse("a second value where a single one is expected") }
    shape = .single
  }

  /// Takes back `becomeSingle` after its value could not be encoded.
  func becomeUndecided() {
    shape = .undecided
  }

  /// Completes the value: lengths are filled in, nested containers take their places.
  func finish() throws {
    if let failure { throw failure }
    // A value that encodes nothing still has to be one value on the wire.
    if shape == .undecided { _ = opened(as: .keyed) }
    if let failure { throw failure }
    guard shape != .single else { return }
    try spliceDetours()
    guard let length = UInt32(exactly: output.count - start - Self.headerSize) else {
      throw WireError(.lengthTooLarge, offset: start)
    }
    output.patch(length, at: start + 1)
    // Every element takes a byte at least, so their count fits where the length did.
    if shape == .unkeyed { output.patch(UInt32(elementCount), at: start + Self.headerSize) }
  }
}

// MARK: - Content

extension WireEncoder {
  /// Encodes a value inside this one's container.
  @inline(__always)
  func encodeInside<Value: Encodable>(_ value: Value, key: @autoclosure () -> any CodingKey) throws {
    if DirectTypes.encode(value, to: output) { return }
    guard depth < WireLimits.depth else { throw WireError(.depthExceeded, offset: output.count) }
    let child = WireEncoder(output: output, parent: self, key: key(), depth: depth + 1)
    try value.encode(to: child)
    try child.finish()
  }

  /// Encodes a value in the place of this one.
  func encodeInPlace<Value: Encodable>(_ value: Value) throws {
    if DirectTypes.encode(value, to: output) { return }
    let child = WireEncoder(output: output, parent: self, depth: depth, nilLevel: nilLevel + 1)
    try value.encode(to: child)
    try child.finish()
  }

  func countElement() {
    elementCount += 1
  }

  /// Starts a value that is written beside the frame and takes the current place when finished.
  ///
  /// - Parameter name: the name of the entry, if it is to be found again by `detour(named:)`.
  func makeDetour(key: any CodingKey, name: String? = nil) -> WireEncoder {
    let encoder = WireEncoder(output: FrameWriter(partOf: output), parent: self, key: key, depth: depth + 1)
    detours.append(Detour(offset: output.count, name: name, encoder: encoder))
    return encoder
  }

  /// The detour under a name: asking for a nested container twice means the same one.
  func detour(named name: String) -> WireEncoder? {
    detours.first { $0.name == name }?.encoder
  }

  private func spliceDetours() throws {
    guard !detours.isEmpty else { return }
    for detour in detours { try detour.encoder.finish() }
    output.splice(detours.map { ($0.offset, $0.encoder.output) })
    detours.removeAll()
  }
}

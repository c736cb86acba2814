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

  /// Nil only while `CodingScratch` has the encoder, and nobody else.
  @exclusivity(unchecked) private(set) var output: FrameWriter!

  @exclusivity(unchecked) private(set) var parent: WireEncoder?
  @exclusivity(unchecked) var key: (any CodingKey)?

  /// How many containers the value lies in.
  @exclusivity(unchecked) private(set) var depth = 0

  /// How many single-value containers were passed on the way to this one: `.some(nil)` encodes
  /// its content as a single value again, and the level tells that nil from an outer one.
  @exclusivity(unchecked) private(set) var nilLevel = 0

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

  /// For `CodingScratch`.
  @exclusivity(unchecked) var next: WireEncoder?

  /// Makes this the encoder of a value. The properties that are not mentioned are as `clear` left them.
  @inline(__always)
  func begin(in output: FrameWriter) {
    self.output = output
  }

  /// Makes this the encoder of a value in the place of another's or inside it.
  @inline(__always)
  func begin(in output: FrameWriter, parent: WireEncoder, depth: Int, nilLevel: Int) {
    self.output = output
    self.parent = parent
    self.depth = depth
    self.nilLevel = nilLevel
  }

  /// Forgets everything.
  ///
  /// - Precondition: `finish` has succeeded, so there is neither a failure nor a detour.
  func clear() {
    output = nil
    // What has no parent has no key.
    if parent != nil {
      parent = nil
      key = nil
    }
    depth = 0
    nilLevel = 0
    shape = .undecided
    elementCount = 0
  }

  var userInfo: [CodingUserInfoKey: Any] {
    output.noteUserInfoWasRead()
    return output.userInfo
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    let scratch = CodingScratch.current
    if let substitute = open(as: .keyed) { return scratch.pointee.writer(for: type, of: substitute) }
    return scratch.pointee.writer(for: type, of: self)
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    UnkeyedWriter(encoder: open(as: .unkeyed) ?? self)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer {
    SingleValueWriter(encoder: self)
  }
}

// MARK: - Shape

extension WireEncoder {
  /// Makes the value a container, unless it is one already.
  ///
  /// - Returns: nil, or an encoder whose output is thrown away if the value cannot be that
  ///   container; `finish` then throws.
  private func open(as wanted: Shape) -> WireEncoder? {
    if shape == wanted { return nil }
    guard shape == .undecided else { return refuse(misuse("two kinds of container for one value")) }
    guard depth < WireLimits.depth else { return refuse(WireError(.depthExceeded, offset: output.count)) }
    shape = wanted
    start = output.beginContainer(wanted == .keyed ? .keyed : .unkeyed)
    return nil
  }

  private func refuse(_ error: any Error) -> WireEncoder {
    failure = failure ?? error
    let refused = WireEncoder()
    refused.begin(in: FrameWriter(), parent: self, depth: depth + 1, nilLevel: 0)
    refused.shape = .keyed
    return refused
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
    if shape == .undecided { _ = open(as: .keyed) }
    if let failure { throw failure }
    guard shape != .single else { return }
    if !detours.isEmpty { try spliceDetours() }
    try output.endContainer(from: start, elementCount: shape == .unkeyed ? elementCount : nil)
  }
}

// MARK: - Elements

extension WireEncoder {
  func countElement() {
    elementCount += 1
  }

  /// Starts a value that is written beside the frame and takes the current place when finished.
  ///
  /// - Parameter name: the name of the entry, if it is to be found again by `detour(named:)`.
  func makeDetour(key: any CodingKey, name: String? = nil) -> WireEncoder {
    let encoder = WireEncoder()
    encoder.begin(in: FrameWriter(partOf: output), parent: self, depth: depth + 1, nilLevel: 0)
    encoder.key = key
    detours.append(Detour(offset: output.count, name: name, encoder: encoder))
    return encoder
  }

  /// The detour under a name: asking for a nested container twice means the same one.
  func detour(named name: String) -> WireEncoder? {
    detours.first { $0.name == name }?.encoder
  }

  private func spliceDetours() throws {
    for detour in detours { try detour.encoder.finish() }
    output.splice(detours.map { ($0.offset, $0.encoder.output) })
    detours.removeAll()
  }
}

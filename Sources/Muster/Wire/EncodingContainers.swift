// The generic methods here also stand for the requirements with concrete types: `encode(_: Int)`
// and the like need no code of their own, because the types they name are found by `DirectTypes`.
// Entries of the commonest types have it nevertheless, because that saves half their time.

/// Writes entries: a key, then its value.
struct KeyedWriter<Key: CodingKey>: WireKeyedWriter {
  let encoder: WireEncoder

  var codingPath: [any CodingKey] { encoder.codingPath }

  func encodeNil(forKey key: Key) {
    write(key)
    encoder.output.write(WireTag.nil)
  }

  func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
    let start = encoder.output.mark
    write(key)
    do {
      try encoder.encodeInside(value, key: key)
    } catch {
      // Someone who catches this may go on with the other entries.
      encoder.output.rewind(to: start)
      throw error
    }
  }

  func encode(_ value: Bool, forKey key: Key) {
    write(key)
    encoder.output.write(value ? WireTag.true : .false)
  }

  func encode(_ value: String, forKey key: Key) {
    write(key)
    encoder.output.write(WireTag.string)
    encoder.output.write(string: value)
  }

  func encode(_ value: Int, forKey key: Key) { write(value, forKey: key) }
  func encode(_ value: Double, forKey key: Key) { write(value, forKey: key) }
  func encode(_ value: Int128, forKey key: Key) { write(value, forKey: key) }
  func encode(_ value: UInt128, forKey key: Key) { write(value, forKey: key) }

  func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type, forKey key: Key
  ) -> KeyedEncodingContainer<NestedKey> {
    nestedEncoder(forKey: key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    nestedEncoder(forKey: key).unkeyedContainer()
  }

  func superEncoder() -> any Encoder {
    write(SuperKey.super)
    return encoder.makeDetour(key: SuperKey.super)
  }

  func superEncoder(forKey key: Key) -> any Encoder {
    write(key)
    return encoder.makeDetour(key: key)
  }

  private func nestedEncoder(forKey key: Key) -> WireEncoder {
    let name = key.stringValue
    if let earlier = encoder.detour(named: name) { return earlier }
    write(key)
    return encoder.makeDetour(key: key, name: name)
  }

  @inline(__always)
  private func write(_ number: some WireNumber, forKey key: Key) {
    write(key)
    encoder.output.write(number: number)
  }

  @inline(__always)
  private func write(_ key: some CodingKey) {
    encoder.output.write(string: key.stringValue)
  }
}

/// Writes values one after the other and counts them.
struct UnkeyedWriter: UnkeyedEncodingContainer {
  let encoder: WireEncoder

  var codingPath: [any CodingKey] { encoder.codingPath }
  var count: Int { encoder.elementCount }

  func encodeNil() {
    encoder.output.write(WireTag.nil)
    encoder.countElement()
  }

  func encode<Value: Encodable>(_ value: Value) throws {
    let start = encoder.output.mark
    do {
      try encoder.encodeInside(value, key: IndexKey(encoder.elementCount))
    } catch {
      encoder.output.rewind(to: start)
      throw error
    }
    encoder.countElement()
  }

  func encode(_ value: Int128) {
    encoder.output.write(number: value)
    encoder.countElement()
  }

  func encode(_ value: UInt128) {
    encoder.output.write(number: value)
    encoder.countElement()
  }

  func nestedContainer<NestedKey: CodingKey>(keyedBy type: NestedKey.Type) -> KeyedEncodingContainer<NestedKey> {
    nestedEncoder().container(keyedBy: type)
  }

  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    nestedEncoder().unkeyedContainer()
  }

  func superEncoder() -> any Encoder {
    nestedEncoder()
  }

  private func nestedEncoder() -> WireEncoder {
    defer { encoder.countElement() }
    return encoder.makeDetour(key: IndexKey(encoder.elementCount))
  }
}

/// Writes one value.
struct SingleValueWriter: SingleValueEncodingContainer {
  let encoder: WireEncoder

  var codingPath: [any CodingKey] { encoder.codingPath }

  func encodeNil() throws {
    try encoder.becomeSingle()
    if encoder.nilLevel == 0 {
      encoder.output.write(WireTag.nil)
    } else {
      encoder.output.write(WireTag.nestedNil)
      encoder.output.writeVarint(UInt64(encoder.nilLevel))
    }
  }

  func encode<Value: Encodable>(_ value: Value) throws {
    try encoder.becomeSingle()
    let start = encoder.output.mark
    do {
      try encoder.encodeInPlace(value)
    } catch {
      encoder.output.rewind(to: start)
      encoder.becomeUndecided()
      throw error
    }
  }

  func encode(_ value: Int128) throws {
    try encoder.becomeSingle()
    encoder.output.write(number: value)
  }

  func encode(_ value: UInt128) throws {
    try encoder.becomeSingle()
    encoder.output.write(number: value)
  }
}

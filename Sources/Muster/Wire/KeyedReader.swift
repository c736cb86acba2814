/// Finds entries by their keys: at once if they are asked for in the order they were written.
struct KeyedReader<Key: CodingKey>: WireKeyedReader {
  let decoder: WireDecoder

  var codingPath: [any CodingKey] { decoder.codingPath }

  var allKeys: [Key] {
    noting([]) { () throws(WireError) in
      var keys: [Key] = []
      var entries = try decoder.entries(from: decoder.value.payload)
      while !entries.isAtEnd {
        let name = try entries.readString()
        _ = try entries.nextValue()
        // Integer keys are stored as their names; a type may understand only the number.
        if let key = Key(stringValue: name) ?? Int(name).flatMap(Key.init(intValue:)) { keys.append(key) }
      }
      return keys
    }
  }

  func contains(_ key: Key) -> Bool {
    noting(false) { () throws(WireError) in try decoder.entry(for: key) != nil }
  }

  func decodeNil(forKey key: Key) throws -> Bool {
    let value = try existingEntry(for: key)
    guard value.tag == .nil else { return false }
    decoder.nextEntry = value.end
    return true
  }

  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    try decodeOther(type, from: existingEntry(for: key), forKey: key)
  }

  func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
    guard let value = try decoder.entry(for: key) else { return nil }
    // A stored nil means "no value", unless nil itself is a value of the type: then it was stored as one.
    if value.tag == .nil, !(type is any ExpressibleByNilLiteral.Type) {
      decoder.nextEntry = value.end
      return nil
    }
    return try decode(type, forKey: key)
  }

  // The commonest types; `KeyedWriter` has the same.
  func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try decodeNumber(forKey: key) }
  func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try decodeNumber(forKey: key) }
  func decode(_ type: Int128.Type, forKey key: Key) throws -> Int128 { try decodeNumber(forKey: key) }
  func decode(_ type: UInt128.Type, forKey key: Key) throws -> UInt128 { try decodeNumber(forKey: key) }

  func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<NestedKey> {
    try nestedDecoder(forKey: key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try nestedDecoder(forKey: key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { try nestedDecoder(forKey: SuperKey.super) }
  func superDecoder(forKey key: Key) throws -> any Decoder { try nestedDecoder(forKey: key) }
}

extension KeyedReader {
  @inline(__always)
  private func decodeNumber<Number: WireNumber>(forKey key: Key) throws -> Number {
    let value = try existingEntry(for: key)
    let bytes = decoder.frame.bytes
    // The range check holds for every value of a frame, until the frame is invalidated.
    if value.tag == Number.tag, value.end <= bytes.count {
      decoder.nextEntry = value.end
      return bytes.loadUnaligned(fromByteOffset: value.payload, as: Number.self)
    }
    return try decodeOther(Number.self, from: value, forKey: key)
  }

  /// The generic way, for what the fast ones do not know.
  @inline(never)
  private func decodeOther<Value: Decodable>(
    _ type: Value.Type, from value: WireValue, forKey key: Key
  ) throws -> Value {
    let decoded = try decoder.decodeInside(type, from: value, in: decoder.frame, key: key)
    decoder.nextEntry = value.end
    return decoded
  }

  private func nestedDecoder(forKey key: some CodingKey) throws -> WireDecoder {
    let value = try existingEntry(for: key)
    decoder.nextEntry = value.end
    return decoder.makeChild(value, in: decoder.frame, key: key)
  }

  @inline(__always)
  private func existingEntry(for key: some CodingKey) throws -> WireValue {
    if let value = try decoder.entry(for: key) { return value }
    throw DecodingError.keyNotFound(
      key, .init(codingPath: codingPath, debugDescription: "no entry for the key \"\(key.stringValue)\""))
  }

  /// Runs `body` where the protocol lets nothing be thrown; the decoding fails in the end.
  private func noting<Result>(_ substitute: Result, _ body: () throws(WireError) -> Result) -> Result {
    do {
      return try body()
    } catch {
      decoder.frame.note(error)
      return substitute
    }
  }
}

extension WireDecoder {
  /// A cursor over the entries of this keyed container, from one of them on.
  @inline(__always)
  fileprivate func entries(from offset: Int) throws(WireError) -> ByteCursor {
    try ByteCursor(frame.bytes, from: offset, to: value.end)
  }

  /// The value under a key, or nil if there is no such entry.
  fileprivate func entry(for key: some CodingKey) throws(WireError) -> WireValue? {
    let name = key.stringValue
    var likely = try entries(from: nextEntry)
    if !likely.isAtEnd, try likely.readKey(is: name) { return try likely.nextValue() }
    var entries = try entries(from: value.payload)
    while !entries.isAtEnd {
      let isWanted = try entries.readKey(is: name)
      let value = try entries.nextValue()
      if isWanted { return value }
    }
    return nil
  }
}

extension ByteCursor {
  /// Reads the key of an entry and compares it, without making a string of it.
  @inline(__always)
  fileprivate mutating func readKey(is name: String) throws(WireError) -> Bool {
    let range = try readBlock()
    let stored = UnsafeRawBufferPointer(rebasing: bytes[range])
    var name = name
    return name.withUTF8 { $0.count == stored.count && $0.elementsEqual(stored) }
  }
}

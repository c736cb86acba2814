/// Reads one value.
struct SingleValueReader: SingleValueDecodingContainer {
  let decoder: WireDecoder

  var codingPath: [any CodingKey] { decoder.codingPath }

  func decodeNil() -> Bool {
    decoder.isNil
  }

  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try decoder.decodeInPlace(type)
  }

  func decode(_ type: Int128.Type) throws -> Int128 { try decoder.decodeInPlace(type) }
  func decode(_ type: UInt128.Type) throws -> UInt128 { try decoder.decodeInPlace(type) }
}

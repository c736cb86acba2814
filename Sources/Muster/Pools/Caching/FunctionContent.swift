/// A function value as it travels: what it encodes to, and the large arrays that were beside it.
struct FunctionContent: Codable, Sendable {
  private let bytes: [UInt8]
  private let arrays: [TravellingArray]

  /// - Returns: nil where what the function encodes to depends on where it goes (references do), or it cannot be
  ///   encoded: such a one travels with every call, which also says what is wrong.
  init?(of function: some RemoteFunction) {
    let writer = FrameWriter()
    do { try writer.encode(function) } catch { return nil }
    guard !writer.userInfoWasRead else { return nil }
    bytes = writer.withUnsafeBytes { Array($0) }
    arrays = writer.bulk.map(TravellingArray.init)
  }

  var byteCount: Int { arrays.reduce(bytes.count) { $0 + $1.array.byteCount } }

  func decode<F: RemoteFunction>(as type: F.Type) throws -> F {
    try bytes.withUnsafeBytes { bytes in
      var reader = FrameReader(bytes, bulk: arrays.map(\.array))
      return try reader.decode(type)
    }
  }

  /// The content for a hash: the parts, and where each ends.
  func withParts(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
    try bytes.withUnsafeBytes { try body($0) }
    for part in arrays { try withExtendedLifetime(part) { try body(part.array.bytes) } }
  }
}

/// A large array of numbers that is a value by itself.
private struct TravellingArray: Codable, Sendable {
  let array: BulkArray

  init(_ array: BulkArray) { self.array = array }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.unkeyedContainer()
    try container.encode(array.elementCode)
    try array.encodeArray(to: &container)
  }

  init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    let code = try container.decode(UInt8.self)
    guard let type = WireTag(rawValue: code)?.numberType else { throw WireError(.unknownTag, offset: 0) }
    array = try Self.decode(type, from: &container)
  }

  private static func decode<Number: WireNumber>(
    _ type: Number.Type, from container: inout any UnkeyedDecodingContainer
  ) throws -> BulkArray {
    TypedBulkArray(try container.decode([Number].self))
  }
}

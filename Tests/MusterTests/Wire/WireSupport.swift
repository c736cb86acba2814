@testable import Muster

/// A frame that owns its bytes, to be damaged and decoded.
struct Frame {
  var bytes: [UInt8]
  var bulk: [BulkArray] = []

  init(_ bytes: [UInt8], bulk: [BulkArray] = []) {
    self.bytes = bytes
    self.bulk = bulk
  }

  init<T: Encodable>(encoding value: T, userInfo: [CodingUserInfoKey: any Sendable] = [:]) throws {
    let writer = FrameWriter(userInfo: userInfo)
    try writer.encode(value)
    bytes = writer.withUnsafeBytes { Array($0) }
    bulk = writer.bulk
  }

  func decode<T: Decodable>(_ type: T.Type, userInfo: [CodingUserInfoKey: any Sendable] = [:]) throws -> T {
    try bytes.withUnsafeBytes { bytes in
      var reader = FrameReader(bytes, bulk: bulk, userInfo: userInfo)
      let value = try reader.decode(type)
      try reader.expectEnd()
      return value
    }
  }
}

func roundTrip<T: Codable>(_ value: T) throws -> T {
  try Frame(encoding: value).decode(T.self)
}

/// Encodes as one type and decodes as another.
func convert<From: Encodable, To: Decodable>(_ value: From, to type: To.Type) throws -> To {
  try Frame(encoding: value).decode(type)
}

/// A generator whose sequence is fixed by its seed.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

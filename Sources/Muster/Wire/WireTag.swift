// The format, little-endian throughout; every value starts with one of these tags:
//
//   nil, false, true    nothing more
//   nestedNil           level: varint (see `WireEncoder.nilLevel`)
//   string              length: varint, UTF-8
//   keyed               byte length: UInt32, then entries (key length: varint, UTF-8, value)
//   unkeyed             byte length: UInt32, then element count: UInt32, then the values
//   array               element tag, element count: varint, the elements' memory
//   bulk                index: varint, into the arrays that travel beside the frame
//   a number            its own width

#if _endian(big)
  #error("the wire format copies numbers as they lie in memory, which has to be little-endian")
#endif

/// The byte that says what value follows.
enum WireTag: UInt8, Sendable {
  case `nil` = 0x00
  case nestedNil = 0x01
  case `false` = 0x02
  case `true` = 0x03
  case string = 0x04
  case keyed = 0x05
  case unkeyed = 0x06
  case array = 0x07
  case bulk = 0x08

  case int = 0x10
  case int8 = 0x11
  case int16 = 0x12
  case int32 = 0x13
  case int64 = 0x14
  case int128 = 0x15
  case uint = 0x18
  case uint8 = 0x19
  case uint16 = 0x1A
  case uint32 = 0x1B
  case uint64 = 0x1C
  case uint128 = 0x1D
  case float16 = 0x20
  case float = 0x21
  case double = 0x22

  /// The width of the number that follows, or 0 if something else does.
  var numberSize: Int {
    switch self {
    case .int8, .uint8: 1
    case .int16, .uint16, .float16: 2
    case .int32, .uint32, .float: 4
    case .int, .int64, .uint, .uint64, .double: 8
    case .int128, .uint128: 16
    default: 0
    }
  }
}

/// Limits that both sides of the wire keep.
enum WireLimits {
  /// How many containers may lie inside one another; each costs the decoder a few stack frames.
  static let depth = 1_000
}

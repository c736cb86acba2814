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
///
/// Not an enum: that would keep the number of the case in memory, and every tag that is read or
/// written would have to be translated.
struct WireTag: Equatable, Sendable {
  let rawValue: UInt8

  private init(_ rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// The tag with a number, or nil if there is none.
  @inline(__always)
  init?(rawValue: UInt8) {
    // One bit for each of the tags below.
    let known: UInt64 = 0x0007_3F3F_01FF
    guard rawValue < 64, known & (1 << UInt64(rawValue)) != 0 else { return nil }
    self.rawValue = rawValue
  }

  static var `nil`: WireTag { WireTag(0x00) }
  static var nestedNil: WireTag { WireTag(0x01) }
  static var `false`: WireTag { WireTag(0x02) }
  static var `true`: WireTag { WireTag(0x03) }
  static var string: WireTag { WireTag(0x04) }
  static var keyed: WireTag { WireTag(0x05) }
  static var unkeyed: WireTag { WireTag(0x06) }
  static var array: WireTag { WireTag(0x07) }
  static var bulk: WireTag { WireTag(0x08) }

  static var int: WireTag { WireTag(0x10) }
  static var int8: WireTag { WireTag(0x11) }
  static var int16: WireTag { WireTag(0x12) }
  static var int32: WireTag { WireTag(0x13) }
  static var int64: WireTag { WireTag(0x14) }
  static var int128: WireTag { WireTag(0x15) }
  static var uint: WireTag { WireTag(0x18) }
  static var uint8: WireTag { WireTag(0x19) }
  static var uint16: WireTag { WireTag(0x1A) }
  static var uint32: WireTag { WireTag(0x1B) }
  static var uint64: WireTag { WireTag(0x1C) }
  static var uint128: WireTag { WireTag(0x1D) }
  static var float16: WireTag { WireTag(0x20) }
  static var float: WireTag { WireTag(0x21) }
  static var double: WireTag { WireTag(0x22) }

  /// The width of the number that follows, or 0 if something else does.
  @inline(__always)
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

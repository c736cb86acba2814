/// A number that travels as its own memory, alone or in an array.
protocol WireNumber: BitwiseCopyable, Codable, DirectElement, Sendable, SendableMetatype {
  /// The tag of the number, and of the elements of an array of it.
  static var tag: WireTag { get }

  /// The same number as another type stored it, or nil if this type cannot hold it.
  init?(converting number: StoredNumber)
}

/// A number of any type, as it was found on the wire.
enum StoredNumber {
  case signed(Int128)
  case unsigned(UInt128)
  case real(Double)

  /// Loads the number with a tag from validated bytes; nil if the tag is not a number's.
  init?(_ tag: WireTag, at offset: Int, in bytes: UnsafeRawBufferPointer) {
    func load<Number: WireNumber>(_: Number.Type) -> Number {
      bytes.loadUnaligned(fromByteOffset: offset, as: Number.self)
    }
    switch tag {
    case .int: self = .signed(Int128(load(Int.self)))
    case .int8: self = .signed(Int128(load(Int8.self)))
    case .int16: self = .signed(Int128(load(Int16.self)))
    case .int32: self = .signed(Int128(load(Int32.self)))
    case .int64: self = .signed(Int128(load(Int64.self)))
    case .int128: self = .signed(load(Int128.self))
    case .uint: self = .unsigned(UInt128(load(UInt.self)))
    case .uint8: self = .unsigned(UInt128(load(UInt8.self)))
    case .uint16: self = .unsigned(UInt128(load(UInt16.self)))
    case .uint32: self = .unsigned(UInt128(load(UInt32.self)))
    case .uint64: self = .unsigned(UInt128(load(UInt64.self)))
    case .uint128: self = .unsigned(load(UInt128.self))
    case .float16: self = .real(Double(load(Float16.self)))
    case .float: self = .real(Double(load(Float.self)))
    case .double: self = .real(load(Double.self))
    default: return nil
    }
  }
}

extension WireNumber where Self: FixedWidthInteger {
  init?(converting number: StoredNumber) {
    switch number {
    case .signed(let value): self.init(exactly: value)
    case .unsigned(let value): self.init(exactly: value)
    case .real(let value): self.init(exactly: value)
    }
  }
}

extension WireNumber where Self: BinaryFloatingPoint {
  /// Rounds to the nearest as JSON decoders do, but never from a finite number to infinity.
  init?(converting number: StoredNumber) {
    switch number {
    case .signed(let value): self.init(exactly: value)
    case .unsigned(let value): self.init(exactly: value)
    case .real(let value):
      self.init(value)
      if value.isFinite && !isFinite { return nil }
    }
  }
}

extension Int: WireNumber { static var tag: WireTag { .int } }
extension Int8: WireNumber { static var tag: WireTag { .int8 } }
extension Int16: WireNumber { static var tag: WireTag { .int16 } }
extension Int32: WireNumber { static var tag: WireTag { .int32 } }
extension Int64: WireNumber { static var tag: WireTag { .int64 } }
extension Int128: WireNumber { static var tag: WireTag { .int128 } }
extension UInt: WireNumber { static var tag: WireTag { .uint } }
extension UInt8: WireNumber { static var tag: WireTag { .uint8 } }
extension UInt16: WireNumber { static var tag: WireTag { .uint16 } }
extension UInt32: WireNumber { static var tag: WireTag { .uint32 } }
extension UInt64: WireNumber { static var tag: WireTag { .uint64 } }
extension UInt128: WireNumber { static var tag: WireTag { .uint128 } }
extension Float16: WireNumber { static var tag: WireTag { .float16 } }
extension Float: WireNumber { static var tag: WireTag { .float } }
extension Double: WireNumber { static var tag: WireTag { .double } }

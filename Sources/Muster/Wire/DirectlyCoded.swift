/// A type that is read and written without `Encoder`, `Decoder` or any container.
protocol DirectlyCoded: SendableMetatype {
  /// Whether a stored value that `decode` refuses cannot be decoded by a container either.
  static var isScalar: Bool { get }

  /// Appends the value at an address.
  ///
  /// - Parameter value: points to an instance of this type.
  /// - Throws: `lengthTooLarge` if the format cannot say the length; part of the value may have been written.
  static func encode(_ value: UnsafeRawPointer, to writer: FrameWriter) throws(WireError)

  /// Initialises memory with a stored value.
  ///
  /// - Parameters:
  ///   - value: the outline of the value, which lies inside `bytes`.
  ///   - bulk: the arrays that came beside the frame.
  ///   - result: uninitialised memory for an instance of this type.
  /// - Returns: false, with the memory still uninitialised, if the stored value is something else.
  static func decode(
    _ value: WireValue, in bytes: UnsafeRawBufferPointer, bulk: [BulkArray], to result: UnsafeMutableRawPointer
  ) throws(WireError) -> Bool
}

extension DirectlyCoded {
  @inline(__always)
  static func load(_ value: UnsafeRawPointer) -> Self {
    value.assumingMemoryBound(to: Self.self).pointee
  }

  @inline(__always)
  static func store(_ value: Self, to result: UnsafeMutableRawPointer) {
    result.initializeMemory(as: Self.self, to: value)
  }
}

/// A number, directly: any number that fits is taken, whatever type it was stored as.
extension DirectlyCoded where Self: WireNumber {
  static var isScalar: Bool { true }

  static func encode(_ value: UnsafeRawPointer, to writer: FrameWriter) {
    writer.write(number: load(value))
  }

  static func decode(
    _ value: WireValue, in bytes: UnsafeRawBufferPointer, bulk: [BulkArray], to result: UnsafeMutableRawPointer
  ) throws(WireError) -> Bool {
    if value.tag == tag {
      store(bytes.loadUnaligned(fromByteOffset: value.payload, as: Self.self), to: result)
      return true
    }
    guard let stored = StoredNumber(value.tag, at: value.payload, in: bytes), let number = Self(converting: stored)
    else { return false }
    store(number, to: result)
    return true
  }
}

extension Int: DirectlyCoded {}
extension Int8: DirectlyCoded {}
extension Int16: DirectlyCoded {}
extension Int32: DirectlyCoded {}
extension Int64: DirectlyCoded {}
extension Int128: DirectlyCoded {}
extension UInt: DirectlyCoded {}
extension UInt8: DirectlyCoded {}
extension UInt16: DirectlyCoded {}
extension UInt32: DirectlyCoded {}
extension UInt64: DirectlyCoded {}
extension UInt128: DirectlyCoded {}
extension Float16: DirectlyCoded {}
extension Float: DirectlyCoded {}
extension Double: DirectlyCoded {}

extension Bool: DirectlyCoded {
  static var isScalar: Bool { true }

  static func encode(_ value: UnsafeRawPointer, to writer: FrameWriter) {
    writer.write(load(value) ? WireTag.true : .false)
  }

  static func decode(
    _ value: WireValue, in bytes: UnsafeRawBufferPointer, bulk: [BulkArray], to result: UnsafeMutableRawPointer
  ) throws(WireError) -> Bool {
    guard value.tag == .true || value.tag == .false else { return false }
    store(value.tag == .true, to: result)
    return true
  }
}

extension String: DirectlyCoded {
  static var isScalar: Bool { true }

  static func encode(_ value: UnsafeRawPointer, to writer: FrameWriter) {
    writer.write(WireTag.string)
    writer.write(string: load(value))
  }

  static func decode(
    _ value: WireValue, in bytes: UnsafeRawBufferPointer, bulk: [BulkArray], to result: UnsafeMutableRawPointer
  ) throws(WireError) -> Bool {
    guard value.tag == .string else { return false }
    store(try bytes.string(in: value.payload..<value.end), to: result)
    return true
  }
}

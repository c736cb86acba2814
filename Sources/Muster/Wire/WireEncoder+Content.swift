extension WireEncoder {
  /// Encodes a value inside this one's container.
  @inline(__always)
  func encodeInside<Value: Encodable>(_ value: Value, key: @autoclosure () -> any CodingKey) throws {
    if try DirectTypes.encode(value, to: output) { return }
    guard depth < WireLimits.depth else { throw WireError(.depthExceeded, offset: output.count) }
    let scratch = CodingScratch.current
    var child = scratch.pointee.takeEncoder()
    child.begin(in: output, parent: self, depth: depth + 1, nilLevel: 0)
    child.key = key()
    try value.encode(to: child)
    try child.finish()
    scratch.giveBack(&child)
  }

  /// Encodes a value in the place of this one.
  func encodeInPlace<Value: Encodable>(_ value: Value) throws {
    if try DirectTypes.encode(value, to: output) { return }
    let scratch = CodingScratch.current
    var child = scratch.pointee.takeEncoder()
    child.begin(in: output, parent: self, depth: depth, nilLevel: nilLevel + 1)
    try value.encode(to: child)
    try child.finish()
    scratch.giveBack(&child)
  }
}

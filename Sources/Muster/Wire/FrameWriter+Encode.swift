extension FrameWriter {
  /// Appends one value.
  ///
  /// - Throws: what the value's `encode(to:)` throws, or `WireError` if the value is too deep or
  ///   too large for the format. The frame is then as it was before.
  func encode<Value: Encodable>(_ value: Value) throws {
    let scratch = CodingScratch.current
    if MemoryLayout<Value>.size == 0, scratch.pointee.emptyEncoded.contains(Value.self) { return writeEmpty() }
    let start = mark
    do {
      if try DirectTypes.encode(value, to: self) { return }
      var encoder = scratch.pointee.takeEncoder()
      encoder.begin(in: self)
      try value.encode(to: encoder)
      try encoder.finish()
      scratch.giveBack(&encoder)
      if MemoryLayout<Value>.size == 0, isEmptyContainer(from: start) {
        scratch.pointee.emptyEncoded.insert(Value.self)
      }
    } catch {
      rewind(to: start)
      throw error
    }
  }

  private func writeEmpty() {
    let place = reserve(EmptyTypes.encodedSize)
    place.storeBytes(of: WireTag.keyed.rawValue, as: UInt8.self)
    (place + 1).storeBytes(of: 0, as: UInt32.self)
    commit(EmptyTypes.encodedSize)
  }

  /// Whether what was written since the mark is an empty keyed container.
  private func isEmptyContainer(from start: Mark) -> Bool {
    byteCount(since: start) == EmptyTypes.encodedSize
      && (base + count - EmptyTypes.encodedSize).load(as: UInt8.self) == WireTag.keyed.rawValue
  }
}

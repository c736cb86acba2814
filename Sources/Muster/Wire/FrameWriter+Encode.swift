extension FrameWriter {
  /// Appends one value.
  ///
  /// - Throws: what the value's `encode(to:)` throws, or `WireError` if the value is too deep or
  ///   too large for the format. The frame is then as it was before.
  func encode<Value: Encodable>(_ value: Value) throws {
    let start = mark
    do {
      if try DirectTypes.encode(value, to: self) { return }
      let scratch = CodingScratch.current
      var encoder = scratch.pointee.takeEncoder()
      encoder.begin(in: self)
      try value.encode(to: encoder)
      try encoder.finish()
      scratch.giveBack(&encoder)
    } catch {
      rewind(to: start)
      throw error
    }
  }
}

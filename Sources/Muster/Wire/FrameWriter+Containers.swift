extension FrameWriter {
  private static let headerSize = 5

  /// Appends the header of a container, with room for its length and, if it is unkeyed, its count.
  ///
  /// - Returns: the offset of the header, for `endContainer`.
  func beginContainer(_ tag: WireTag) -> Int {
    let start = count
    let place = reserve(Self.headerSize + 4)
    place.storeBytes(of: tag.rawValue, as: UInt8.self)
    commit(tag == .unkeyed ? Self.headerSize + 4 : Self.headerSize)
    return start
  }

  /// Fills in the length of the container that reaches from its header to the end of the frame.
  ///
  /// - Parameters:
  ///   - start: what `beginContainer` returned.
  ///   - elementCount: the number of elements if the container is unkeyed.
  /// - Throws: `lengthTooLarge` if the format cannot say the length.
  func endContainer(from start: Int, elementCount: Int?) throws(WireError) {
    guard let length = UInt32(exactly: count - start - Self.headerSize) else {
      throw WireError(.lengthTooLarge, offset: start)
    }
    patch(length, at: start + 1)
    // Every element takes a byte at least, so their count fits where the length did.
    if let elementCount { patch(UInt32(elementCount), at: start + Self.headerSize) }
  }
}

extension FrameWriter {
  /// Appends an integer, little-endian.
  @inline(__always)
  func write<Integer: FixedWidthInteger>(_ integer: Integer) {
    let size = MemoryLayout<Integer>.size
    reserve(size).storeBytes(of: integer.littleEndian, as: Integer.self)
    commit(size)
  }

  /// Appends the tag of a value.
  @inline(__always)
  func write(_ tag: WireTag) {
    write(tag.rawValue)
  }

  /// Appends a number with its tag.
  @inline(__always)
  func write<Number: WireNumber>(number: Number) {
    let size = 1 + MemoryLayout<Number>.size
    let place = reserve(size)
    place.storeBytes(of: Number.tag.rawValue, as: UInt8.self)
    (place + 1).storeBytes(of: number, as: Number.self)
    commit(size)
  }

  /// Appends an integer in as few groups of seven bits as it needs, lowest first.
  @inline(__always)
  func writeVarint(_ integer: UInt64) {
    if integer < 0x80 {
      write(UInt8(truncatingIfNeeded: integer))
    } else {
      writeLongVarint(integer)
    }
  }

  @inline(never)
  private func writeLongVarint(_ integer: UInt64) {
    var rest = integer
    while rest >= 0x80 {
      write(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    write(UInt8(truncatingIfNeeded: rest))
  }

  /// Appends bytes as they are.
  @inline(__always)
  func write(bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress else { return }
    reserve(bytes.count).copyMemory(from: source, byteCount: bytes.count)
    commit(bytes.count)
  }

  /// Appends a string: its length as a varint, then its UTF-8.
  func write(string: String) {
    var string = string
    string.withUTF8 { utf8 in
      writeVarint(UInt64(utf8.count))
      write(bytes: UnsafeRawBufferPointer(utf8))
    }
  }

  /// Replaces four bytes that were written before, typically a length known only now.
  func patch(_ integer: UInt32, at offset: Int) {
    precondition(offset >= 0 && offset <= count - 4, "a patch has to lie inside the frame")
    (base + offset).storeBytes(of: integer.littleEndian, as: UInt32.self)
  }

  /// Moves what was written into other writers to its places inside this frame.
  ///
  /// - Parameter parts: offsets in this frame, ascending, with the frames that belong there.
  func splice(_ parts: [(offset: Int, frame: FrameWriter)]) {
    let added = parts.reduce(0) { $0 + $1.frame.count }
    _ = reserve(added)
    var sourceEnd = count
    var destinationEnd = count + added
    // From the back, so that every byte moves once and none is overwritten before it has moved.
    for part in parts.reversed() {
      let tail = sourceEnd - part.offset
      (base + destinationEnd - tail).copyMemory(from: base + part.offset, byteCount: tail)
      destinationEnd -= tail + part.frame.count
      (base + destinationEnd).copyMemory(from: part.frame.base, byteCount: part.frame.count)
      sourceEnd = part.offset
    }
    commit(added)
  }
}

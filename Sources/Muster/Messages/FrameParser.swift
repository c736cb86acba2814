import Glibc

/// One received frame. `body` is valid until the parser receives again, unless `storage` keeps it.
struct Frame {
  let header: FrameHeader
  let body: UnsafeRawBufferPointer
  let arrays: [BulkArray]
  let storage: FrameStorage?
}

/// The memory of a frame that did not fit the receive buffer.
// @unchecked: written by the parser before the frame is handed out, only read afterwards.
final class FrameStorage: @unchecked Sendable {
  let bytes: UnsafeMutableRawBufferPointer
  /// Released with the frame if nobody has decoded it.
  var references: ReceivedReferences?

  init(byteCount: Int) { bytes = .allocate(byteCount: byteCount, alignment: 16) }

  init(copying source: UnsafeRawBufferPointer) {
    bytes = .allocate(byteCount: source.count, alignment: 16)
    bytes.copyMemory(from: source)
  }

  deinit { bytes.deallocate() }
}

/// Cuts a stream of bytes into frames: says where the next bytes shall go, and which frame they complete.
///
/// Small frames are handed out where they lie in the receive buffer. A large one gets memory of its own, and the
/// arrays that follow it are received straight into theirs.
// @unchecked: a plain value that owns its buffer; `Link` keeps it in a Mutex.
struct FrameParser: ~Copyable, @unchecked Sendable {
  /// What one read takes at most. More would mean more of a large array that has to be copied to where it belongs.
  static let bufferSize = 64 << 10

  private let buffer: UnsafeMutableRawPointer
  private var start = 0
  private var end = 0
  private var large: LargeFrame?
  /// The length of the frame handed out by `next`, until it is consumed.
  private var current = 0

  private struct LargeFrame {
    let header: FrameHeader
    let storage: FrameStorage
    var filled = 0
    var arrays: [BulkArray]?
    var arrayIndex = 0
    var arrayFilled = 0

    var isFrameComplete: Bool { filled == storage.bytes.count }
    var isComplete: Bool { isFrameComplete && arrayIndex == arrays?.count }
  }

  init() { buffer = .allocate(byteCount: Self.bufferSize, alignment: 64) }

  deinit { buffer.deallocate() }

  /// Where to receive to; empty when frames have to be taken out first.
  mutating func destination() -> UnsafeMutableRawBufferPointer {
    if let large {
      if !large.isFrameComplete { return UnsafeMutableRawBufferPointer(rebasing: large.storage.bytes[large.filled...]) }
      guard let arrays = large.arrays, large.arrayIndex < arrays.count else { return .init(start: nil, count: 0) }
      let array = arrays[large.arrayIndex]
      return .init(start: array.base + large.arrayFilled, count: array.byteCount - large.arrayFilled)
    }
    if start == end {
      start = 0
      end = 0
    } else if Self.bufferSize - end < Self.bufferSize / 4, start > 0 {
      memmove(buffer, buffer + start, end - start)
      end -= start
      start = 0
    }
    return .init(start: buffer + end, count: Self.bufferSize - end)
  }

  /// `count` bytes have been received to `destination()`.
  mutating func advance(by count: Int) throws(WireError) {
    guard large != nil else {
      end += count
      return
    }
    try advanceLarge(by: count)
  }

  /// The next complete frame, which stays the next one until it is consumed.
  mutating func next() throws(WireError) -> Frame? {
    if let large { return large.isComplete ? frame(of: large) : nil }
    let available = end - start
    guard available >= FrameHeader.size else { return nil }
    let header = try FrameHeader(buffer + start)
    if header.arrayCount == 0, header.length <= available {
      current = header.length
      let body = UnsafeRawBufferPointer(
        start: buffer + start + FrameHeader.size, count: header.length - FrameHeader.size)
      return Frame(header: header, body: body, arrays: [], storage: nil)
    }
    guard header.arrayCount > 0 || header.length > Self.bufferSize / 2 else { return nil }
    try beginLarge(header)
    return try next()
  }

  /// Whether something has been received behind the frame that `next` returned.
  var hasMore: Bool { start + current < end }

  /// Goes on behind the frame that `next` returned.
  mutating func consume() {
    if large != nil {
      large = nil
    } else {
      start += current
      current = 0
    }
  }

  // MARK: Frames with memory of their own

  private func frame(of large: LargeFrame) -> Frame {
    let table = large.header.arrayCount * FrameHeader.tableEntrySize
    let body = UnsafeRawBufferPointer(rebasing: large.storage.bytes[FrameHeader.size..<(large.header.length - table)])
    return Frame(header: large.header, body: body, arrays: large.arrays ?? [], storage: large.storage)
  }

  private mutating func beginLarge(_ header: FrameHeader) throws(WireError) {
    large = LargeFrame(header: header, storage: FrameStorage(byteCount: header.length))
    // What the buffer already holds of it moves to where it belongs.
    repeat {
      let room = destination()
      let count = min(room.count, end - start)
      memcpy(room.baseAddress!, buffer + start, count)
      start += count
      try advanceLarge(by: count)
    } while start < end && large?.isComplete == false
  }

  private mutating func advanceLarge(by count: Int) throws(WireError) {
    guard var large = large.take() else { return }
    defer { self.large = large }
    if large.isFrameComplete {
      large.arrayFilled += count
    } else {
      large.filled += count
      guard large.isFrameComplete else { return }
      large.arrays = try Self.allocateArrays(of: large.header, in: UnsafeRawBufferPointer(large.storage.bytes))
    }
    while let arrays = large.arrays, large.arrayIndex < arrays.count,
      large.arrayFilled == arrays[large.arrayIndex].byteCount
    {
      large.arrayIndex += 1
      large.arrayFilled = 0
    }
  }

  private static func allocateArrays(
    of header: FrameHeader, in bytes: UnsafeRawBufferPointer
  ) throws(WireError) -> [BulkArray] {
    var arrays: [BulkArray] = []
    for index in 0..<header.arrayCount {
      let offset = header.length - (header.arrayCount - index) * FrameHeader.tableEntrySize
      let byteCount = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      guard byteCount <= FrameHeader.maximumArraySize else { throw WireError(.lengthTooLarge, offset: offset) }
      do throws(WireError) {
        arrays.append(try BulkArray.allocate(elementCode: bytes[offset + 8], byteCount: Int(byteCount)))
      } catch {
        throw WireError(error.code, offset: error.code == .unknownTag ? offset + 8 : offset)
      }
    }
    return arrays
  }
}

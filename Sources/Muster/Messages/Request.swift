/// A received call that waits to be run.
struct Request: Sendable {
  let kind: MessageKind
  let id: UInt64
  let target: CallTarget
  let link: Link
  /// The frame's body behind the number of the function.
  let body: RequestBody
  let arrays: [BulkArray]

  init(_ frame: Frame, link: Link, target: CallTarget) {
    kind = frame.header.kind
    id = frame.header.id
    self.link = link
    self.target = target
    body = RequestBody(frame)
    arrays = frame.arrays
  }

  func withReader<Result>(_ read: (inout FrameReader) throws -> Result) throws -> Result {
    try body.withBytes { bytes in
      var reader = FrameReader(bytes, bulk: arrays, userInfo: [:])
      return try read(&reader)
    }
  }
}

/// The bytes of a request: in place if there are few, as most calls have.
struct RequestBody: Sendable {
  private typealias Inline = (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)
  private static let prefix = 4

  private var inline: Inline = (0, 0, 0, 0, 0, 0, 0, 0)
  private let storage: FrameStorage?
  private let range: Range<Int>

  init(_ frame: Frame) {
    let count = frame.body.count - Self.prefix
    if count <= MemoryLayout<Inline>.size {
      storage = nil
      range = 0..<count
      withUnsafeMutableBytes(of: &inline) {
        $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: frame.body[Self.prefix...]))
      }
    } else if let storage = frame.storage {
      self.storage = storage
      range = (FrameHeader.size + Self.prefix)..<(FrameHeader.size + frame.body.count)
    } else {
      storage = FrameStorage(copying: UnsafeRawBufferPointer(rebasing: frame.body[Self.prefix...]))
      range = 0..<count
    }
  }

  var count: Int { range.count }

  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    if let storage { return try body(UnsafeRawBufferPointer(rebasing: storage.bytes[range])) }
    return try withUnsafeBytes(of: inline) { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
  }
}

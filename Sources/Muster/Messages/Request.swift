/// A received call that waits to be run.
// @unchecked: the memory behind `body` is kept by `storage`, or is that of the loop that alone runs the request.
struct Request: @unchecked Sendable {
  let kind: MessageKind
  let id: UInt64
  let target: CallTarget
  let link: Link
  let arrays: [BulkArray]
  /// Where the result of a spawned call is kept.
  var promise: ReferencePromise?
  /// The frame's body behind the number of the function. It lies in the memory of the loop that runs the request (to be
  /// decoded before that takes the next), or in `storage`.
  let body: UnsafeRawBufferPointer
  private let storage: FrameStorage?

  private static let prefix = 4

  /// - Parameter memory: where a small body is copied to, because the receive buffer is used again; `nil` for a request
  ///   that has to wait, and gets memory of its own.
  init(_ frame: Frame, link: Link, target: CallTarget, memory: RequestMemory?) {
    kind = frame.header.kind
    id = frame.header.id
    self.link = link
    self.target = target
    arrays = frame.arrays
    let bytes = UnsafeRawBufferPointer(rebasing: frame.body[Self.prefix...])
    if let storage = frame.storage {
      self.storage = storage
      body = bytes
    } else if let memory {
      storage = nil
      body = memory.copy(bytes)
    } else {
      let copy = FrameStorage(copying: bytes)
      storage = copy
      body = UnsafeRawBufferPointer(copy.bytes)
    }
  }

  func reader() -> FrameReader { FrameReader(body, bulk: arrays) }
}

/// Where a loop keeps the body of the request it runs.
// @unchecked: used only by the loop that owns it, while that leads.
final class RequestMemory: @unchecked Sendable {
  private var bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 512, alignment: 16)

  deinit { bytes.deallocate() }

  func copy(_ source: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    if bytes.count < source.count {
      bytes.deallocate()
      bytes = .allocate(byteCount: 2 * source.count, alignment: 16)
    }
    bytes.copyMemory(from: source)
    return UnsafeRawBufferPointer(rebasing: bytes[..<source.count])
  }
}

/// A received call that has to wait before it is run, and so has memory of its own.
struct Request: Sendable {
  let kind: MessageKind
  let id: UInt64
  let target: CallTarget
  let arrays: [BulkArray]
  /// The frame's body behind the number of the function.
  let storage: FrameStorage

  init(_ received: Frame, from link: Link, target: CallTarget) throws(WireError) {
    let frame = try received.withReferences(over: link)
    kind = frame.header.kind
    id = frame.header.id
    self.target = target
    arrays = frame.arrays
    storage = FrameStorage(copying: Self.body(of: frame))
    storage.references = frame.storage?.references
  }

  /// What follows the number of the function.
  static func body(of frame: Frame) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: frame.body[4...])
  }
}

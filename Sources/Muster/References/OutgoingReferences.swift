/// The references in a frame that is being written: each once, however often it occurs.
///
/// Their table stands at the end of the frame's body, so that the receiver can release them whether or not it ever
/// decodes the body. Their holds are registered when the frame is complete and about to be sent, not before: nothing has
/// to be taken back when a value cannot be encoded. Until then they are kept alive here.
// @unchecked: used only by who encodes the frame, like the writer that it belongs to.
final class OutgoingReferences: @unchecked Sendable {
  struct Reference: Sendable {
    let owner: ProcessID
    let id: RRID
    /// Holds it until the receiver's hold is registered.
    fileprivate let core: any AnyObject & Sendable
  }

  static let entrySize = 24

  // Looked at for every frame, nearly all of which have none; no access is open while other code runs.
  @exclusivity(unchecked) private(set) var references: [Reference] = []
  private var indices: [RRID: Int] = [:]

  @inline(__always)
  var isEmpty: Bool { references.isEmpty }

  /// Enters a reference; its place in the table is what is encoded.
  func add(_ id: RRID, owner: ProcessID, keeping core: any AnyObject & Sendable) -> Int {
    if let index = indices[id] { return index }
    indices[id] = references.count
    references.append(Reference(owner: owner, id: id, core: core))
    return references.count - 1
  }

  func removeAll() {
    references = []
    indices = [:]
  }

  /// Writes the table, its length last.
  func write(to writer: FrameWriter) {
    for reference in references {
      writer.write(UInt64(truncatingIfNeeded: reference.owner.rawValue))
      writer.write(UInt64(truncatingIfNeeded: reference.id.whence.rawValue))
      writer.write(reference.id.id)
    }
    writer.write(UInt32(references.count))
  }
}

extension CodingUserInfoKey {
  /// Finds, in `encoder.userInfo`, the `OutgoingReferences` of the frame.
  static let outgoingReferences = CodingUserInfoKey(rawValue: "muster.outgoingReferences")!
  /// Finds, in `decoder.userInfo`, the `ReceivedReferences` of the frame.
  static let receivedReferences = CodingUserInfoKey(rawValue: "muster.receivedReferences")!
}

extension Link {
  /// Appends a frame with references in it. The owners hear of the peer's holds first: what this process says of its own
  /// holds comes later on the same connections, and so does the frame itself if the peer is an owner.
  func enqueueWithReferences(_ writer: FrameWriter, function: FunctionEntry?, isAwaited: Bool) throws {
    let references = writer.references.references
    context.releases.register(references.lazy.map { ($0.owner, $0.id) }, for: peer)
    do {
      try enqueue(writer, function: function, isAwaited: isAwaited)
    } catch {
      // The frame does not leave.
      context.releases.register(references.lazy.map { ($0.owner, $0.id) }, for: peer, change: -1)
      throw error
    }
  }
}

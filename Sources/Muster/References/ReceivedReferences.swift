import Synchronization

/// The references in a received frame, each of which this process holds since the sender sent it.
///
/// What is decoded from the frame takes its hold over, and whoever decodes the same reference a second time shares it.
/// What nobody has taken when the frame has been decoded, or is dropped without, is released.
final class ReceivedReferences: Sendable {
  private struct Entry: Sendable {
    let owner: ProcessID
    let id: RRID
    var isTaken = false
    /// Kept while the frame is being decoded.
    var core: (any AnyObject & Sendable)?
  }

  private struct State: Sendable {
    var entries: [Entry]
    var isClosed = false
  }

  /// Who sent them, and registered the holds.
  let sender: ProcessID
  private let releases: ReleaseBatch
  private let state: Mutex<State>

  /// Reads the table that `OutgoingReferences` wrote.
  ///
  /// - Parameter body: the body of the frame, which ends with it.
  init(_ body: UnsafeRawBufferPointer, sender: ProcessID, releases: ReleaseBatch) throws(WireError) {
    guard body.count >= 4 else { throw WireError(.truncated, offset: FrameHeader.size) }
    let end = body.count - 4
    let count = Int(UInt32(littleEndian: body.loadUnaligned(fromByteOffset: end, as: UInt32.self)))
    guard count <= end / OutgoingReferences.entrySize else { throw WireError(.lengthTooLarge, offset: end) }
    let start = end - count * OutgoingReferences.entrySize
    func word(_ index: Int, _ offset: Int) -> UInt64 {
      let position = start + index * OutgoingReferences.entrySize + offset
      return UInt64(littleEndian: body.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    }
    self.sender = sender
    self.releases = releases
    state = Mutex(
      State(
        entries: (0..<count).map { index in
          Entry(
            owner: ProcessID(Int(truncatingIfNeeded: word(index, 0))),
            id: RRID(whence: ProcessID(Int(truncatingIfNeeded: word(index, 8))), id: word(index, 16)))
        }))
  }

  /// May run wherever the frame is dropped, also under a lock: the Engine releases them.
  deinit {
    let entries = state.withLock { $0.entries }
    let left = entries.filter { !$0.isTaken }.map { (id: $0.id, owner: $0.owner) }
    if !left.isEmpty { releases.addSoon(left, registrar: sender) }
  }

  /// What stands for the reference at a place of the table in this process; `make` makes it, once.
  ///
  /// - Throws: `ClusterError` when the table has no such place or the frame has been decoded before.
  func core<Core: AnyObject & Sendable>(
    at index: Int, _ make: (_ owner: ProcessID, _ id: RRID, _ registrar: ProcessID) throws -> Core
  ) throws -> Core {
    try state.withLock { state in
      guard !state.isClosed, state.entries.indices.contains(index) else { throw Self.malformed }
      let entry = state.entries[index]
      if entry.isTaken {
        guard let core = entry.core as? Core else { throw Self.malformed }
        return core
      }
      let core = try make(entry.owner, entry.id, sender)
      state.entries[index].isTaken = true
      state.entries[index].core = core
      return core
    }
  }

  /// The frame has been decoded: what was not taken is not wanted.
  func close() {
    let entries = state.withLock { state in
      state.isClosed = true
      defer { state.entries = [] }
      return state.entries
    }
    for entry in entries where !entry.isTaken { releases.add(entry.id, owner: entry.owner, registrar: sender) }
  }

  private static var malformed: ClusterError {
    ClusterError(.cannotDecode, "a reference that is not in the table of its frame, or of another kind there")
  }
}

extension Frame {
  /// The frame with its references read, and memory of its own that keeps them.
  func withReferences(over link: Link) throws(WireError) -> Frame {
    guard header.hasReferences else { return self }
    let references = try ReceivedReferences(body, sender: link.peer, releases: link.context.releases)
    // The header lies before the body.
    let whole = UnsafeRawBufferPointer(
      start: body.baseAddress! - FrameHeader.size, count: body.count + FrameHeader.size)
    let storage = storage ?? FrameStorage(copying: whole)
    storage.references = references
    let body = UnsafeRawBufferPointer(rebasing: storage.bytes[FrameHeader.size..<(FrameHeader.size + body.count)])
    return Frame(header: header, body: body, arrays: arrays, storage: storage)
  }
}

extension FrameStorage {
  /// For the decoders of the frame.
  var userInfo: [CodingUserInfoKey: any Sendable] {
    references.map { [.receivedReferences: $0] } ?? [:]
  }
}

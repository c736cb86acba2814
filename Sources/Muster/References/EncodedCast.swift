/// A call without an answer that is encoded before it is known when it can be sent.
// @unchecked: nobody touches the writer between `encodeCast` and the link that copies it.
struct EncodedCast: @unchecked Sendable {
  let function: FunctionEntry
  let writer: FrameWriter

  /// Their receiver's holds are to be registered before it is sent; until it is, this process holds them itself.
  var references: [(owner: ProcessID, id: RRID)] { writer.references.references.map { ($0.owner, $0.id) } }
}

extension Cluster {
  func encodeCast<F: RemoteThunk>(_ function: F, to receiver: ProcessID) throws -> EncodedCast {
    let entry = try functions.entry(of: F.self)
    let writer = FrameWriter(for: receiver)
    writer.beginFrame(.cast, id: 0)
    writer.write(UInt32(entry.number))
    try write(function, Nothing(), to: writer)
    try writer.endFrame()
    return EncodedCast(function: entry, writer: writer)
  }
}

extension FrameWriter {
  /// A writer of messages to a process.
  convenience init(for peer: ProcessID) {
    self.init()
    userInfo[.destination] = peer
    userInfo[.outgoingReferences] = references
  }
}

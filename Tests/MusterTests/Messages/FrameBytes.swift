@testable import Muster

/// One message as bytes, and what a parser is to make of it.
struct Message {
  var kind = MessageKind.value
  var id: UInt64 = 0
  var body: [UInt8] = []
  var arrays: [[Int64]] = []

  /// The frame, then the memory of its arrays.
  func bytes() throws -> [UInt8] {
    let writer = FrameWriter()
    writer.beginFrame(kind, id: id)
    body.withUnsafeBytes { writer.write(bytes: $0) }
    for array in arrays { _ = writer.append(bulk: TypedBulkArray(array)) }
    try writer.endFrame()
    return writer.withUnsafeBytes { Array($0) } + arrays.flatMap { array in array.withUnsafeBytes { Array($0) } }
  }
}

/// What came out of a parser.
struct ParsedMessage: Equatable {
  let kind: MessageKind
  let id: UInt64
  let body: [UInt8]
  let arrays: [[Int64]]

  init(_ message: Message) {
    (kind, id, body, arrays) = (message.kind, message.id, message.body, message.arrays)
  }

  init(_ frame: Muster.Frame) {
    kind = frame.header.kind
    id = frame.header.id
    body = Array(frame.body)
    arrays = frame.arrays.map { ($0 as? TypedBulkArray<Int64>)?.array ?? [] }
  }
}

extension FrameParser {
  /// Receives `bytes` in pieces of at most the size that `step` says each time, and takes out every frame.
  mutating func feed(_ bytes: some Sequence<UInt8>, step: () -> Int = { .max }) throws -> [ParsedMessage] {
    let bytes = Array(bytes)
    var messages: [ParsedMessage] = []
    var offset = 0
    while offset < bytes.count {
      let room = destination()
      let count = min(room.count, bytes.count - offset, max(1, step()))
      guard count > 0 else { throw Stuck(offset: offset) }
      bytes.withUnsafeBytes { room.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<(offset + count)])) }
      offset += count
      try advance(by: count)
      while let frame = try next() {
        messages.append(ParsedMessage(frame))
        consume()
      }
    }
    return messages
  }
}

/// The parser has no frame and takes no bytes.
struct Stuck: Error { let offset: Int }

/// The 16 bytes of a header, right or wrong.
func headerBytes(length: UInt32, kind: UInt8 = 5, arrays: UInt16 = 0, id: UInt64 = 0, reserved: UInt8 = 0) -> [UInt8] {
  func little(_ number: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: number.littleEndian) { Array($0) } }
  return little(length) + [kind, reserved] + little(arrays) + little(id)
}

import Glibc

/// What a frame is about.
///
/// Control operations (joining, leaving, interrupting, releasing references …) are ordinary calls of internal remote
/// functions, so this vocabulary stays small and every operation takes the same way.
enum MessageKind: UInt8, Sendable {
  /// The frames that follow on this connection call the function named in the body by the number in `id`.
  case declare = 1
  /// Runs a function; the answer carries the same `id`.
  case call = 2
  /// Runs a function; there is no answer.
  case cast = 3
  /// Runs a function, keeps its result under RRID(whence: sender, id) and answers with it, too, if it is small.
  case spawn = 4
  /// The value of a call.
  case value = 5
  /// The error of a call.
  case failure = 6
  /// The value of a spawned call is kept by its owner, because it is too large to be sent unasked.
  case kept = 7
  /// Answered with `pong` by the Engine itself, whatever user functions are running.
  case ping = 8
  case pong = 9
  /// The sender leaves in order; the body says why.
  case leave = 10

  /// Whether it starts a function on the receiver, in the order of arrival.
  var isRequest: Bool { self == .call || self == .cast || self == .spawn }
}

/// The first 16 bytes of every frame, little-endian.
///
/// | offset | type   | meaning |
/// |--------|--------|---------|
/// | 0      | UInt32 | length of the frame: header, body and table of arrays |
/// | 4      | UInt8  | `MessageKind` |
/// | 5      | UInt8  | 1 if the body ends with a table of references, otherwise 0 |
/// | 6      | UInt16 | number of arrays whose memory follows the frame |
/// | 8      | UInt64 | id: which call this is, or which one it answers |
///
/// The table of arrays stands at the end of the frame, 16 bytes an array: its length in bytes (UInt64), its element
/// code (UInt8), zeroes. The memory of the arrays follows, in the order of the table.
struct FrameHeader: Equatable, Sendable {
  static let size = 16
  static let tableEntrySize = 16
  /// The longest frame accepted, arrays apart.
  static let maximumLength = 1 << 30
  /// The largest array accepted: what cannot be in memory here cannot be received.
  static let maximumArraySize = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))

  var length: Int
  var kind: MessageKind
  var arrayCount: Int
  var hasReferences: Bool
  var id: UInt64

  /// Reads and checks a header.
  ///
  /// - Parameter bytes: at least `size` bytes.
  init(_ bytes: UnsafeRawPointer) throws(WireError) {
    length = Int(UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)))
    let rawKind = bytes.load(fromByteOffset: 4, as: UInt8.self)
    hasReferences = bytes.load(fromByteOffset: 5, as: UInt8.self) & 1 != 0
    arrayCount = Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 6, as: UInt16.self)))
    id = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    guard let kind = MessageKind(rawValue: rawKind) else { throw WireError(.unknownKind, offset: 4) }
    self.kind = kind
    guard length >= Self.size + arrayCount * Self.tableEntrySize else { throw WireError(.truncated, offset: 0) }
    guard length <= Self.maximumLength else { throw WireError(.lengthTooLarge, offset: 0) }
  }
}

extension FrameWriter {
  /// Starts a frame; the caller appends the body and calls `endFrame`.
  func beginFrame(_ kind: MessageKind, id: UInt64) {
    reset()
    write(UInt32(0))
    write(kind.rawValue)
    write(UInt8(0))
    write(UInt16(0))
    write(id)
  }

  /// Writes the table of arrays and the length.
  func endFrame() throws {
    guard bulk.count <= Int(UInt16.max) else {
      throw ClusterError(
        .invalidArgument, "a message holds at most \(UInt16.max) large arrays, this one has \(bulk.count)")
    }
    let hasReferences = !references.isEmpty
    if hasReferences { references.write(to: self) }
    for array in bulk {
      write(UInt64(array.byteCount))
      write(UInt64(array.elementCode))
    }
    guard count <= FrameHeader.maximumLength else {
      throw ClusterError(
        .invalidArgument,
        "a message of \(count) bytes is over the limit of \(FrameHeader.maximumLength): send large data as arrays of numbers"
      )
    }
    patch(UInt32(count), at: 0)
    // The number of arrays is the upper half of the header's second word, the kind its first byte.
    if !bulk.isEmpty || hasReferences {
      let kind = UnsafeRawPointer(base).load(fromByteOffset: 4, as: UInt8.self)
      patch(UInt32(kind) | (hasReferences ? 1 << 8 : 0) | UInt32(bulk.count) << 16, at: 4)
    }
  }
}

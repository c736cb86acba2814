import Crypto
import Glibc

/// Cuts what is received into records, and gives out the bytes of those that are genuine.
// @unchecked: a plain value that owns its buffer; `SealedConnection` keeps it in a Mutex.
struct RecordReader: ~Copyable, @unchecked Sendable {
  private static let size = 2 * (RecordFormat.maximumPayload + RecordFormat.overhead)

  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.size, alignment: 64)
  private var seal: RecordSeal
  /// What was received and not looked at.
  private var raw = 0..<0
  /// What is proved and not given out.
  private var proved = 0..<0
  /// Something was not genuine: nothing that follows is looked at.
  private var isBroken = false

  init(key: SymmetricKey) { seal = RecordSeal(key: key) }

  deinit { buffer.deallocate() }

  /// Whether `read` has something to give without receiving.
  var hasInput: Bool {
    if !proved.isEmpty { return true }
    guard raw.count >= RecordFormat.headerSize else { return false }
    return raw.count >= payloadCount + RecordFormat.overhead
  }

  /// Fills `room` as far as there is something: what is left behind is no more than the beginning of a record, or
  /// `room` is full.
  ///
  /// - Throws: `TransportError` when the stream has ended or broken, and for what is not genuine.
  mutating func read(
    into room: UnsafeMutableRawBufferPointer, from connection: any Connection
  ) throws(TransportError) -> Int? {
    var filled = 0
    while filled < room.count {
      if !proved.isEmpty {
        let count = min(proved.count, room.count - filled)
        (room.baseAddress! + filled).copyMemory(from: buffer.baseAddress! + proved.lowerBound, byteCount: count)
        filled += count
        proved = (proved.lowerBound + count)..<proved.upperBound
      } else if try !proveNext(connection) {
        do {
          if try !receive(from: connection) { break }
        } catch {
          // It is thrown again when what came before has been taken.
          if filled > 0 { break }
          throw error
        }
      }
    }
    return filled > 0 ? filled : nil
  }

  private var payloadCount: Int {
    Int(UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: raw.lowerBound, as: UInt32.self)))
  }

  /// Proves the next record, if it is all there.
  private mutating func proveNext(_ connection: any Connection) throws(TransportError) -> Bool {
    guard !isBroken else { throw Self.forged(connection) }
    guard raw.count >= RecordFormat.headerSize else { return false }
    let end = raw.lowerBound + RecordFormat.headerSize + payloadCount
    isBroken = !(1...RecordFormat.maximumPayload).contains(payloadCount)
    guard !isBroken else { throw Self.forged(connection) }
    guard end + RecordSeal.codeSize <= raw.upperBound else { return false }
    let record = UnsafeRawBufferPointer(rebasing: buffer[raw.lowerBound..<end])
    let code = UnsafeRawBufferPointer(rebasing: buffer[end..<(end + RecordSeal.codeSize)])
    isBroken = !seal.isValid(record, code: code)
    guard !isBroken else { throw Self.forged(connection) }
    proved = (raw.lowerBound + RecordFormat.headerSize)..<end
    raw = (end + RecordSeal.codeSize)..<raw.upperBound
    return true
  }

  /// Returns whether anything came. Called when nothing proved is left.
  private mutating func receive(from connection: any Connection) throws(TransportError) -> Bool {
    if raw.lowerBound > 0 {
      memmove(buffer.baseAddress!, buffer.baseAddress! + raw.lowerBound, raw.count)
      raw = 0..<raw.count
      proved = 0..<0
    }
    let room = UnsafeMutableRawBufferPointer(rebasing: buffer[raw.upperBound...])
    guard let count = try connection.read(into: room) else { return false }
    raw = raw.lowerBound..<(raw.upperBound + count)
    return true
  }

  private static func forged(_ connection: any Connection) -> TransportError {
    TransportError(
      description: "what came from \(connection.peerDescription) was not sent there, or is out of order: somebody has "
        + "forged, altered or repeated it; the connection is ended")
  }
}

import Crypto

/// Makes records of what is to be sent, one at a time.
// @unchecked: a plain value that owns its buffer; `SealedConnection` keeps it in a Mutex.
struct RecordWriter: ~Copyable, @unchecked Sendable {
  private let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: RecordFormat.maximumPayload + RecordFormat.overhead, alignment: 64)
  private var seal: RecordSeal
  /// Of the record under way: how many bytes of the caller it stands for, how long it is, how much has been taken.
  private var payload = 0
  private var count = 0
  private var sent = 0

  init(key: SymmetricKey) { seal = RecordSeal(key: key) }

  deinit { buffer.deallocate() }

  /// Writes records until the connection takes no more.
  ///
  /// - Returns: how many bytes of `buffers` have left for good. Of a record under way, whose bytes are offered again
  ///   next time, the rest is sent first.
  mutating func write(
    _ buffers: UnsafeBufferPointer<UnsafeRawBufferPointer>, to connection: any Connection
  ) throws(TransportError) -> Int {
    var taken = 0
    while true {
      if sent == count {
        fill(from: buffers, skipping: taken)
        if payload == 0 { return taken }
      }
      let step = try Self.send(UnsafeRawBufferPointer(rebasing: buffer[sent..<count]), to: connection)
      sent += step
      guard sent == count else { return taken }
      taken += payload
    }
  }

  private static func send(
    _ bytes: UnsafeRawBufferPointer, to connection: any Connection
  ) throws(TransportError) -> Int {
    var single = bytes
    return try withUnsafePointer(to: &single) { pointer throws(TransportError) in
      try connection.write(UnsafeBufferPointer(start: pointer, count: 1))
    }
  }

  private mutating func fill(from buffers: UnsafeBufferPointer<UnsafeRawBufferPointer>, skipping skipped: Int) {
    var offset = skipped
    payload = 0
    for source in buffers where payload < RecordFormat.maximumPayload {
      guard offset < source.count else {
        offset -= source.count
        continue
      }
      let count = min(source.count - offset, RecordFormat.maximumPayload - payload)
      (buffer.baseAddress! + RecordFormat.headerSize + payload).copyMemory(
        from: source.baseAddress! + offset, byteCount: count)
      payload += count
      offset = 0
    }
    sent = 0
    count = 0
    guard payload > 0 else { return }
    buffer.storeBytes(of: UInt32(payload).littleEndian, as: UInt32.self)
    let end = RecordFormat.headerSize + payload
    count = end + RecordSeal.codeSize
    seal.seal(
      UnsafeRawBufferPointer(rebasing: buffer[..<end]),
      into: UnsafeMutableRawBufferPointer(rebasing: buffer[end..<count]))
  }
}

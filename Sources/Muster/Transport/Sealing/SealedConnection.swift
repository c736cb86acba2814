import Crypto
import Synchronization

/// A connection between hosts of which every byte is authenticated, in its place, under keys of the session that only the
/// two ends know. What is not genuine ends it.
///
/// A layer above any other connection and below the link, which knows nothing of it.
final class SealedConnection: Connection {
  private let inner: any Connection
  private let writer: Mutex<RecordWriter>
  private let reader: Mutex<RecordReader>

  init(_ inner: any Connection, sends: SymmetricKey, receives: SymmetricKey) {
    self.inner = inner
    writer = Mutex(RecordWriter(key: sends))
    reader = Mutex(RecordReader(key: receives))
  }

  var peerDescription: String { inner.peerDescription }
  var descriptor: Int32? { inner.descriptor }
  var hasBufferedInput: Bool { reader.withLock { $0.hasInput } }

  func setReadyHandler(_ handler: (@Sendable () -> Void)?) { inner.setReadyHandler(handler) }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(TransportError) -> Int? {
    try reader.withLock { reader throws(TransportError) in try reader.read(into: buffer, from: inner) }
  }

  func write(_ buffers: UnsafeBufferPointer<UnsafeRawBufferPointer>) throws(TransportError) -> Int {
    try writer.withLock { writer throws(TransportError) in try writer.write(buffers, to: inner) }
  }

  func close() { inner.close() }
}

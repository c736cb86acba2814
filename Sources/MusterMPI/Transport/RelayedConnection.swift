#if MPI
  import DequeModule
  import Muster
  import Synchronization

  /// The connection where not every thread may call MPI at any time.
  ///
  /// Who reads and writes here never waits for MPI, which a user's call may keep for as long as it likes: he would hold
  /// locks of the cluster meanwhile. What is written is copied and sent when MPI may be called (`MPIAccess.later`), and
  /// what comes is received at once, by the thread that looks for messages.
  final class RelayedConnection: MPIConnection {
    let key: MPIConnectionKey
    private let transport: MPITransport
    private let input = Mutex(Input())
    private let output = Mutex(Output())
    private let handler = Mutex(ReadyHandler())

    private struct Input: ~Copyable, Sendable {
      var messages = Deque<[UInt8]>()
      /// Bytes of the first message that have been read.
      var start = 0
      /// Bytes read of which the other end has not heard.
      var unannounced = 0
      var isClosed = false
      var isPeerClosed = false
    }

    private struct Output: ~Copyable, Sendable {
      var messages = Deque<MessageCopy>()
      /// Bytes that were written and that the other end has not said to have taken.
      var underWay = 0
      var isWaiting = false
      var isEnded = false
    }

    init(key: MPIConnectionKey, transport: MPITransport) {
      self.key = key
      self.transport = transport
    }

    deinit { output.withLock { for message in $0.messages { message.bytes.deallocate() } } }

    func setReadyHandler(_ handler: (@Sendable () -> Void)?) {
      self.handler.withLock { $0.call = handler }
      handler?()
    }

    private func tell() { handler.withLock { $0 }.call?() }

    // MARK: Any thread

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TransportError) -> Int? {
      if let count = try readReceived(into: buffer) { return count }
      // Whoever waits for this connection need not wait for another thread to look, if this one may.
      return transport.poll() ? try readReceived(into: buffer) : nil
    }

    private func readReceived(into buffer: UnsafeMutableRawBufferPointer) throws(TransportError) -> Int? {
      let (count, taken, isEnded) = input.withLock { input -> (Int, Int, Bool) in
        if input.isClosed { return (0, 0, true) }
        guard !input.messages.isEmpty else { return (0, 0, input.isPeerClosed) }
        let count = Self.take(&input, into: buffer)
        input.unannounced += count
        guard input.unannounced >= MPIStream.noticeEvery else { return (count, 0, false) }
        defer { input.unannounced = 0 }
        return (count, input.unannounced, false)
      }
      if isEnded { throw .closed }
      if taken > 0 { transport.access.later { [self] in transport.send(.taken, over: self, UInt64(taken)) } }
      return count > 0 ? count : nil
    }

    private static func take(_ input: inout Input, into buffer: UnsafeMutableRawBufferPointer) -> Int {
      let left = input.messages[0].count - input.start
      let count = min(buffer.count, left)
      input.messages[0].withUnsafeBytes { bytes in
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[input.start..<(input.start + count)]))
      }
      input.start += count
      if count == left {
        input.messages.removeFirst()
        input.start = 0
      }
      return count
    }

    func write(_ buffers: UnsafeBufferPointer<UnsafeRawBufferPointer>) throws(TransportError) -> Int {
      let (taken, isEnded) = output.withLock { output -> (Int, Bool) in
        if output.isEnded { return (0, true) }
        var (taken, offered) = (0, 0)
        for buffer in buffers {
          offered += buffer.count
          taken += Self.append(buffer, to: &output)
        }
        output.isWaiting = taken < offered
        return (taken, false)
      }
      if isEnded { throw .closed }
      if taken > 0 { transport.access.later { [self] in sendAll() } }
      return taken
    }

    /// Returns how much of it there was room for.
    private static func append(_ buffer: UnsafeRawBufferPointer, to output: inout Output) -> Int {
      var position = 0
      while position < buffer.count {
        let count = min(buffer.count - position, MPIStream.largestMessage, MPIStream.window - output.underWay)
        guard count > 0 else { break }
        output.messages.append(MessageCopy(of: UnsafeRawBufferPointer(rebasing: buffer[position..<(position + count)])))
        output.underWay += count
        position += count
      }
      return position
    }

    /// What was written is still sent.
    func close() {
      output.withLock { $0.isEnded = true }
      let isFirst = input.withLock { input in
        defer {
          input.isClosed = true
          input.messages = []
        }
        return !input.isClosed
      }
      guard isFirst else { return }
      transport.access.later { [self] in
        sendAll()
        transport.send(.close, over: self, nil)
        forgetIfClosed()
      }
      tell()
    }

    // MARK: Where MPI may be called

    private func sendAll() {
      while let message = output.withLock({ $0.messages.popFirst() }) {
        do throws(TransportError) { try transport.send(message, to: key.rank, tag: tag(.data)) } catch {
          output.withLock { $0.isEnded = true }
          tell()
        }
      }
    }

    func received(_ message: MatchedMessage, for reader: (any MPIConnection)?) {
      var message = message
      guard let bytes = try? transport.receive(&message) else { return }
      let isWanted = input.withLock { input in
        if !input.isClosed { input.messages.append(bytes) }
        return !input.isClosed
      }
      if isWanted { tell() } else { transport.send(.taken, over: self, UInt64(bytes.count)) }
    }

    func otherEndHasTaken(_ count: Int) {
      let wasWaiting = output.withLock { output in
        output.underWay -= count
        defer { output.isWaiting = false }
        return output.isWaiting
      }
      if wasWaiting { tell() }
    }

    func otherEndHasClosed() {
      input.withLock { $0.isPeerClosed = true }
      output.withLock { $0.isEnded = true }
      forgetIfClosed()
      tell()
    }

    private func forgetIfClosed() {
      if input.withLock({ $0.isClosed && $0.isPeerClosed }) { transport.forget(self) }
    }
  }
#endif

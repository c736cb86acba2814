#if MPI
  import CMPI
  import DequeModule
  import Glibc
  import Muster
  import Synchronization

  /// A stream of bytes to another rank (or to this one), as messages of a communicator.
  ///
  /// Large pieces are not copied: `write` starts sends from the caller's memory and takes the bytes when they have
  /// completed; `read` receives into the caller's, which for large arrays is where they belong. Smaller ones are copied:
  /// who sends them need not wait. What is under way is bounded by what the other end says that it has read.
  final class MPIConnection: Connection {
    /// Bytes that may be under way.
    static let window = 8 << 20
    /// The other end hears of what was taken after so much.
    private static let noticeEvery = window / 8
    /// A larger piece is sent as several messages, whose transfers overlap.
    private static let largestMessage = 1 << 20
    private static let sendsUnderWay = 16
    /// Up to this size MPI takes a piece at once, …
    private static let shortSize = 1 << 10
    /// … and up to this one it is copied.
    private static let copiedSize = 128 << 10

    struct Key: Hashable, Sendable {
      let rank: Int32
      let number: Int32
      let isOpener: Bool
    }

    /// Who the other end is; `isOpener`: this end has opened the connection.
    let key: Key
    let transport: MPITransport
    private let input = Mutex(Input())
    private let staged = Mutex(Staged())
    private let output = Mutex(Output())
    private let handler = Mutex<(@Sendable () -> Void)?>(nil)

    private struct Input: ~Copyable, Sendable {
      var messages = Deque<MatchedMessage>()
      var isClosed = false
      var isPeerClosed = false
    }

    /// What was received of a message that did not fit.
    private struct Staged: ~Copyable, Sendable {
      var bytes: [UInt8] = []
      var start = 0
      /// Bytes received of which the other end has not heard.
      var unannounced = 0
    }

    private struct Output: ~Copyable, Sendable {
      var sends = Deque<PendingSend>()
      /// Bytes that have been sent and that the other end has not said to have taken.
      var underWay = 0
      var isWaiting = false
      var isClosed = false
      var isPeerClosed = false
    }

    init(key: Key, transport: MPITransport) {
      self.key = key
      self.transport = transport
    }

    var peerDescription: String { "MPI rank \(key.rank)" }
    var descriptor: Int32? { nil }

    func setReadyHandler(_ handler: (@Sendable () -> Void)?) {
      self.handler.withLock { $0 = handler }
      handler?()
    }

    private func tell() { handler.withLock { $0 }?() }

    func tag(_ kind: MessageTag.Kind) -> Int32 {
      MessageTag(number: key.number, isFromOpener: key.isOpener, kind: kind).rawValue
    }

    // MARK: Reading

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TransportError) -> Int? {
      if transport.access.thread != nil, !mayHaveInput { return nil }
      return try transport.access.atOnce { () throws(TransportError) in try readNow(into: buffer) }
    }

    /// Where one thread looks for messages there is nothing to ask MPI for.
    private var mayHaveInput: Bool {
      staged.withLock { !$0.bytes.isEmpty }
        || input.withLock { !$0.messages.isEmpty || $0.isClosed || $0.isPeerClosed }
    }

    private func readNow(into buffer: UnsafeMutableRawBufferPointer) throws(TransportError) -> Int? {
      let count = try staged.withLock { staged throws(TransportError) -> Int? in
        if staged.start < staged.bytes.count { return Self.take(&staged, into: buffer) }
        guard var message = try nextMessage() else { return nil }
        staged.unannounced += message.count
        if message.count <= buffer.count {
          try transport.receive(&message, into: buffer.baseAddress!)
          return message.count
        }
        staged.bytes = try transport.receive(&message)
        staged.start = 0
        return Self.take(&staged, into: buffer)
      }
      if count != nil { announceTaken() }
      return count
    }

    private static func take(_ staged: inout Staged, into buffer: UnsafeMutableRawBufferPointer) -> Int {
      let count = min(buffer.count, staged.bytes.count - staged.start)
      staged.bytes.withUnsafeBytes { bytes in
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[staged.start..<(staged.start + count)]))
      }
      staged.start += count
      if staged.start == staged.bytes.count {
        staged.bytes = []
        staged.start = 0
      }
      return count
    }

    /// Asks MPI itself if nothing has been matched yet: whoever waits for this connection need not wait for another
    /// thread to look.
    private func nextMessage() throws(TransportError) -> MatchedMessage? {
      while true {
        let (message, isClosed, isPeerClosed) = input.withLock { input in
          (input.messages.popFirst(), input.isClosed, input.isPeerClosed)
        }
        if isClosed { throw .closed }
        if let message { return message }
        if isPeerClosed { throw .closed }
        guard transport.probe(for: self) else { return nil }
      }
    }

    private func announceTaken() {
      let count = staged.withLock { staged in
        guard staged.unannounced >= Self.noticeEvery else { return 0 }
        defer { staged.unannounced = 0 }
        return staged.unannounced
      }
      if count > 0 { transport.send(.taken, over: self, UInt64(count)) }
    }

    // MARK: Writing

    func write(_ buffers: UnsafeBufferPointer<UnsafeRawBufferPointer>) throws(TransportError) -> Int {
      try transport.access.atOnce { () throws(TransportError) in try writeNow(buffers) }
    }

    private func writeNow(_ buffers: UnsafeBufferPointer<UnsafeRawBufferPointer>) throws(TransportError) -> Int {
      let (taken, isEnded) = try output.withLock { output throws(TransportError) -> (Int, Bool) in
        if output.isClosed || output.isPeerClosed { return (0, true) }
        let offered = buffers.reduce(0) { $0 + $1.count }
        let skipped = output.sends.reduce(0) { $0 + $1.count }
        try start(buffers, from: skipped, &output)
        let taken = try takeCompleted(&output)
        output.isWaiting = taken < offered
        if output.isWaiting { transport.watch(self) }
        return (taken, false)
      }
      if isEnded {
        // The caller gives up the memory of what is being sent.
        settle()
        throw .closed
      }
      return taken
    }

    private func start(
      _ buffers: UnsafeBufferPointer<UnsafeRawBufferPointer>, from offset: Int, _ output: inout Output
    ) throws(TransportError) {
      var skip = offset
      for buffer in buffers {
        var position = min(skip, buffer.count)
        skip -= position
        while position < buffer.count {
          let count = min(buffer.count - position, Self.largestMessage, Self.window - output.underWay)
          guard count > 0, output.sends.count < Self.sendsUnderWay else { return }
          let piece = UnsafeRawBufferPointer(rebasing: buffer[position..<(position + count)])
          output.sends.append(try startSend(piece))
          output.underWay += count
          position += count
        }
      }
    }

    private func startSend(_ piece: UnsafeRawBufferPointer) throws(TransportError) -> PendingSend {
      if piece.count <= Self.shortSize, key.rank != transport.rank {
        try transport.sendShort(piece, to: key.rank, tag: tag(.data))
        return PendingSend(request: nil, count: piece.count)
      }
      if piece.count <= Self.copiedSize {
        try transport.sendCopy(of: piece, to: key.rank, tag: tag(.data))
        return PendingSend(request: nil, count: piece.count)
      }
      let request = try transport.startSend(piece, to: key.rank, tag: tag(.data))
      return PendingSend(request: request, count: piece.count)
    }

    private func takeCompleted(_ output: inout Output) throws(TransportError) -> Int {
      var taken = 0
      while !output.sends.isEmpty, try transport.hasCompleted(&output.sends[0]) {
        taken += output.sends.removeFirst().count
      }
      return taken
    }

    /// Whether a send has completed that a writer waits for. Called by the transport until it has; it then tells.
    func testSends() -> Bool {
      let hasRoom = output.withLock { output -> Bool in
        guard output.isWaiting else { return true }
        guard !output.sends.isEmpty, (try? transport.hasCompleted(&output.sends[0])) ?? true else { return false }
        output.isWaiting = false
        return true
      }
      if hasRoom { tell() }
      return hasRoom
    }

    /// Waits for all sends under way, which the other end receives even if nobody there wants them any more.
    private func settle() {
      transport.wait(atMost: .seconds(10)) {
        output.withLock { output in
          while !output.sends.isEmpty, (try? transport.hasCompleted(&output.sends[0], waiting: true)) ?? true {
            output.sends.removeFirst()
          }
          return output.sends.isEmpty
        }
      }
    }

    // MARK: What the transport has received

    func received(_ message: MatchedMessage, for reader: MPIConnection?) {
      let isWanted = input.withLock { input in
        guard !input.isClosed else { return false }
        input.messages.append(message)
        return true
      }
      if !isWanted { transport.discard(message, from: self) } else if reader !== self { tell() }
    }

    func otherEndHasTaken(_ count: Int) {
      let isWaiting = output.withLock { output in
        output.underWay -= count
        defer { output.isWaiting = false }
        return output.isWaiting
      }
      if isWaiting { tell() }
    }

    func otherEndHasClosed() {
      input.withLock { $0.isPeerClosed = true }
      output.withLock { $0.isPeerClosed = true }
      forgetIfClosed()
      tell()
    }

    // MARK: The end

    func close() { transport.access.atOnce { closeNow() } }

    private func closeNow() {
      let isFirst = output.withLock { output in
        defer { output.isClosed = true }
        return !output.isClosed
      }
      guard isFirst else { return }
      settle()
      let unread = input.withLock { input in
        input.isClosed = true
        defer { input.messages = [] }
        return input.messages
      }
      for message in unread { transport.discard(message, from: self) }
      transport.send(.close, over: self, nil)
      forgetIfClosed()
      tell()
    }

    private func forgetIfClosed() {
      if input.withLock({ $0.isClosed && $0.isPeerClosed }) { transport.forget(self) }
    }
  }

  /// A message that MPI has matched to us and that has not been received yet.
  // @unchecked: a handle of MPI, which may be used by any thread, one at a time.
  struct MatchedMessage: @unchecked Sendable {
    var matched: muster_mpi_matched
    var count: Int { Int(matched.count) }
  }

  /// A send that may not have completed.
  // @unchecked: as above.
  struct PendingSend: @unchecked Sendable {
    /// `nil` when it has completed.
    var request: muster_mpi_request?
    let count: Int
    /// Memory of the message, if it is not somebody else's.
    var memory: UnsafeMutableRawPointer?
  }
#endif

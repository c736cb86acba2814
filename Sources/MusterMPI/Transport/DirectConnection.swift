#if MPI
  import CMPI
  import DequeModule
  import Glibc
  import Muster
  import Synchronization

  /// The connection where every thread may call MPI.
  ///
  /// Large pieces are not copied: `write` starts sends from the caller's memory and takes the bytes when they have
  /// completed; `read` receives into the caller's, which for large arrays is where they belong. Smaller ones are copied:
  /// who sends them need not wait.
  final class DirectConnection: MPIConnection, SendsFromMemory {
    private static let sendsUnderWay = 16
    /// Up to this size MPI takes a piece at once, …
    private static let shortSize = 1 << 10
    /// … and up to this one it is copied.
    private static let copiedSize = 128 << 10

    let key: MPIConnectionKey
    private let transport: MPITransport
    /// Of the other end's data.
    let incomingTag: Int32
    /// There is something to see in `input`: a message, or an end. Set under the transport's lock by who matches messages.
    let isQueueing = Atomic<Bool>(false)
    private let input = Mutex(Input())
    private let staged = Mutex(Staged())
    private let output = Mutex(Output())
    private let handler = Mutex(ReadyHandler())

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
      /// Of sends under way that nobody waits for any more.
      var kept: OfferedMemory?
    }

    init(key: MPIConnectionKey, transport: MPITransport) {
      self.key = key
      self.transport = transport
      incomingTag = MessageTag(number: key.number, isFromOpener: !key.isOpener, kind: .data).rawValue
    }

    func setReadyHandler(_ handler: (@Sendable () -> Void)?) {
      self.handler.withLock { $0.call = handler }
      handler?()
    }

    private func tell() { handler.withLock { $0 }.call?() }

    // MARK: Reading

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TransportError) -> Int? {
      let count = try staged.withLock { staged throws(TransportError) -> Int? in
        if staged.start < staged.bytes.count { return Self.take(&staged, into: buffer) }
        // Nearly always the next message is this connection's, and is the next to be read here.
        switch try transport.receiveNext(for: self, into: buffer) {
        case .nothing: return nil
        case .received(let count):
          staged.unannounced += count
          return count
        case .queued: break
        }
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
          let message = input.messages.popFirst()
          let isEnding = input.isClosed || input.isPeerClosed
          if input.messages.isEmpty, !isEnding { isQueueing.store(false, ordering: .relaxed) }
          return (message, input.isClosed, input.isPeerClosed)
        }
        if isClosed { throw .closed }
        if let message { return message }
        if isPeerClosed { throw .closed }
        guard transport.probe(for: self) else { return nil }
      }
    }

    private func announceTaken() {
      let count = staged.withLock { staged in
        guard staged.unannounced >= MPIStream.noticeEvery else { return 0 }
        defer { staged.unannounced = 0 }
        return staged.unannounced
      }
      if count > 0 { transport.send(.taken, over: self, UInt64(count)) }
    }

    // MARK: Writing

    func write(_ buffers: UnsafeBufferPointer<UnsafeRawBufferPointer>) throws(TransportError) -> Int {
      let (taken, isEnded) = try output.withLock { output throws(TransportError) -> (Int, Bool) in
        if output.isClosed || output.isPeerClosed { return (0, true) }
        if let count = try sendShort(buffers, &output) { return (count, false) }
        let offered = buffers.reduce(0) { $0 + $1.count }
        let skipped = output.sends.reduce(0) { $0 + $1.count }
        try start(buffers, from: skipped, &output)
        let taken = try takeCompleted(&output)
        output.isWaiting = taken < offered
        if output.isWaiting { transport.watch(self) }
        return (taken, false)
      }
      if isEnded { throw .closed }
      return taken
    }

    /// Most of what is written is one short piece, which is away at once.
    private func sendShort(
      _ buffers: UnsafeBufferPointer<UnsafeRawBufferPointer>, _ output: inout Output
    ) throws(TransportError) -> Int? {
      guard buffers.count == 1, output.sends.isEmpty, key.rank != transport.rank else { return nil }
      let count = buffers[0].count
      guard count <= min(Self.shortSize, MPIStream.window - output.underWay) else { return nil }
      try transport.sendShort(buffers[0], to: key.rank, tag: tag(.data))
      output.underWay += count
      output.isWaiting = false
      return count
    }

    private func start(
      _ buffers: UnsafeBufferPointer<UnsafeRawBufferPointer>, from offset: Int, _ output: inout Output
    ) throws(TransportError) {
      var skip = offset
      for buffer in buffers {
        var position = min(skip, buffer.count)
        skip -= position
        while position < buffer.count {
          let count = min(buffer.count - position, MPIStream.largestMessage, MPIStream.window - output.underWay)
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
        try transport.send(MessageCopy(of: piece), to: key.rank, tag: tag(.data))
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

    /// Whether a send has completed that a writer waits for, or all have when nobody does. Called by the transport until
    /// it is so.
    func testSends() -> Bool {
      let (hasRoom, isDone) = output.withLock { output -> (Bool, Bool) in
        if output.isClosed || output.isPeerClosed {
          while !output.sends.isEmpty, (try? transport.hasCompleted(&output.sends[0])) ?? true {
            output.sends.removeFirst()
          }
          if output.sends.isEmpty { output.kept = nil }
          return (false, output.sends.isEmpty)
        }
        guard output.isWaiting else { return (false, true) }
        guard !output.sends.isEmpty, (try? transport.hasCompleted(&output.sends[0])) ?? true else {
          return (false, false)
        }
        output.isWaiting = false
        return (true, true)
      }
      if hasRoom { tell() }
      return isDone
    }

    var isSending: Bool { output.withLock { !$0.sends.isEmpty } }

    /// The sends that are under way end, and are received, although nobody waits for them here.
    func keep(_ memory: OfferedMemory) { output.withLock { if !$0.sends.isEmpty { $0.kept = memory } } }

    // MARK: What the transport has received

    func received(_ message: MatchedMessage, for reader: (any MPIConnection)?) {
      let isWanted = input.withLock { input in
        guard !input.isClosed else { return false }
        input.messages.append(message)
        isQueueing.store(true, ordering: .relaxed)
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
      isQueueing.store(true, ordering: .relaxed)
      finishSends { $0.isPeerClosed = true }
      forgetIfClosed()
      tell()
    }

    // MARK: The end

    func close() {
      let isFirst = input.withLock { input in
        defer { input.isClosed = true }
        isQueueing.store(true, ordering: .relaxed)
        return !input.isClosed
      }
      guard isFirst else { return }
      finishSends { $0.isClosed = true }
      let unread = input.withLock { input in
        defer { input.messages = [] }
        return input.messages
      }
      for message in unread { transport.discard(message, from: self) }
      // Behind the sends under way: MPI does not let messages overtake each other.
      transport.send(.close, over: self, nil)
      forgetIfClosed()
      tell()
    }

    /// Nothing more is sent; what is under way, the transport finishes.
    private func finishSends(_ end: (inout Output) -> Void) {
      let isSending = output.withLock { output in
        end(&output)
        return !output.sends.isEmpty
      }
      if isSending { transport.watch(self) }
    }

    private func forgetIfClosed() {
      if input.withLock({ $0.isClosed && $0.isPeerClosed }) { transport.forget(self) }
    }
  }
#endif

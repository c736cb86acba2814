#if MPI
  import CMPI
  import Glibc
  import Muster
  import Synchronization

  /// All connections between this rank and others, over a communicator of their own.
  // @unchecked: the communicator's handle is only read; everything else is behind a Mutex.
  final class MPITransport: PolledTransport, @unchecked Sendable {
    private let communicator: muster_mpi_communicator
    let rank: Int32
    let access: MPIAccess
    private let state = Mutex(State())
    /// Held by who matches messages and hands them out, so that those of one sender stay in order.
    private let matching = Mutex(Matching())
    private let acceptor = Mutex(Acceptor())

    /// A structure for the same reason as `ReadyHandler`.
    private struct Acceptor: Sendable {
      var accept: (@Sendable (any MPIConnection) -> Void)?
    }

    private struct State: Sendable {
      var connections: [MPIConnectionKey: any MPIConnection] = [:]
      var lastNumber: [Int32: Int32] = [:]
      /// Those whose writers wait for a send, or that have ended while something was being sent.
      var writers: [DirectConnection] = []
      /// Sends under way from memory of our own.
      var copies: [PendingSend] = []
      /// Both have been taken out to be looked at.
      var isTesting = false
    }

    private struct Matching: ~Copyable, Sendable {
      var isEnded = false
      /// Nearly always the next message is for the same connection.
      var latest: (any MPIConnection)?
    }

    /// - Parameter communicator: nobody else may use it.
    init(communicator: muster_mpi_communicator, access: MPIAccess) {
      self.communicator = communicator
      rank = access { muster_mpi_rank(communicator) }
      self.access = access
    }

    // MARK: Connections

    /// Takes over what other ranks open.
    func listen(_ accept: @escaping @Sendable (any MPIConnection) -> Void) { acceptor.withLock { $0.accept = accept } }

    func connect(to rank: Int32) throws(TransportError) -> any MPIConnection {
      let connection = state.withLock { state -> (any MPIConnection)? in
        let last = state.lastNumber[rank] ?? 0
        for step in 1...MessageTag.numbers.upperBound {
          let number = (last &+ step - 1) % MessageTag.numbers.upperBound + 1
          let key = MPIConnectionKey(rank: rank, number: number, isOpener: true)
          guard state.connections[key] == nil else { continue }
          state.lastNumber[rank] = number
          let connection = makeConnection(key)
          state.connections[key] = connection
          return connection
        }
        return nil
      }
      guard let connection else {
        throw TransportError(description: "there are \(MessageTag.numbers.upperBound) connections to MPI rank \(rank)")
      }
      access.later { [self] in send(.open, over: connection, nil) }
      return connection
    }

    private func makeConnection(_ key: MPIConnectionKey) -> any MPIConnection {
      access.level == .multiple
        ? DirectConnection(key: key, transport: self) : RelayedConnection(key: key, transport: self)
    }

    func forget(_ connection: any MPIConnection) {
      state.withLock { state in
        if state.connections[connection.key] === connection { state.connections[connection.key] = nil }
      }
    }

    var hasSentAll: Bool {
      state.withLock { $0.copies.isEmpty && !$0.isTesting && !$0.writers.contains { $0.isSending } }
    }

    func closeAll() { for connection in state.withLock({ Array($0.connections.values) }) { connection.close() } }

    // MARK: Receiving

    func poll() -> Bool {
      access.ifFree {
        var moved = false
        while probe() { moved = true }
        if testSends() { moved = true }
        return moved
      } ?? false
    }

    // From here on: called where MPI may be called.

    /// Takes the next message from MPI, if there is one, and hands it to its connection.
    ///
    /// - Parameter reader: who looks; it need not be told.
    /// - Returns: whether there was one; false also when another thread is looking.
    func probe(for reader: (any MPIConnection)? = nil) -> Bool {
      matching.withLockIfAvailable { matching in
        guard !matching.isEnded else { return false }
        var matched = muster_mpi_matched()
        guard muster_mpi_improbe(communicator, &matched) > 0 else { return false }
        deliver(MatchedMessage(matched: matched), &matching, for: reader)
        return true
      } ?? false
    }

    enum Received {
      case nothing
      /// So many bytes, straight into memory.
      case received(Int)
      /// What there is has been handed to its connection, or may have been.
      case queued
    }

    /// Receives the next message from MPI straight into memory, if it is the one that the reader is to read next.
    func receiveNext(
      for reader: DirectConnection, into buffer: UnsafeMutableRawBufferPointer
    ) throws(TransportError) -> Received {
      var failure: Int32 = MPI_SUCCESS
      let received = matching.withLockIfAvailable { matching -> Received in
        if reader.isQueueing.load(ordering: .relaxed) { return .queued }
        var matched = muster_mpi_matched()
        guard !matching.isEnded, muster_mpi_improbe(communicator, &matched) > 0 else { return .nothing }
        guard matched.tag == reader.incomingTag, matched.source == reader.key.rank, matched.count <= buffer.count else {
          deliver(MatchedMessage(matched: matched), &matching, for: reader)
          return .queued
        }
        failure = muster_mpi_mrecv(&matched, buffer.baseAddress)
        return .received(Int(matched.count))
      }
      try check(failure, "receiving from rank \(reader.key.rank)")
      // Who looks now may have found something before.
      return received ?? .queued
    }

    private func deliver(_ message: MatchedMessage, _ matching: inout Matching, for reader: (any MPIConnection)?) {
      guard let tag = MessageTag(message.matched.tag) else { return discard(message) }
      let key = MPIConnectionKey(rank: message.matched.source, number: tag.number, isOpener: !tag.isFromOpener)
      if tag.kind == .open { return open(key, message) }
      guard let connection = connection(key, &matching) else { return discard(message) }
      switch tag.kind {
      case .data: connection.received(message, for: reader)
      case .taken:
        var (message, count) = (message, 0 as UInt64)
        if message.count == 8, (try? receive(&message, into: &count)) != nil {
          connection.otherEndHasTaken(Int(UInt64(littleEndian: count)))
        }
      case .close:
        discard(message)
        matching.latest = nil
        connection.otherEndHasClosed()
      case .open: break
      }
    }

    private func connection(_ key: MPIConnectionKey, _ matching: inout Matching) -> (any MPIConnection)? {
      if let latest = matching.latest, latest.key == key { return latest }
      guard let connection = state.withLock({ $0.connections[key] }) else { return nil }
      matching.latest = connection
      return connection
    }

    private func open(_ key: MPIConnectionKey, _ message: MatchedMessage) {
      discard(message)
      let connection = makeConnection(key)
      state.withLock { $0.connections[key] = connection }
      if let accept = acceptor.withLock({ $0 }).accept { accept(connection) } else { connection.close() }
    }

    func receive(_ message: inout MatchedMessage, into memory: UnsafeMutableRawPointer) throws(TransportError) {
      try check(muster_mpi_mrecv(&message.matched, memory), "receiving from rank \(message.matched.source)")
    }

    func receive(_ message: inout MatchedMessage) throws(TransportError) -> [UInt8] {
      var failure: TransportError?
      let bytes = [UInt8](unsafeUninitializedCapacity: message.count) { buffer, count in
        do throws(TransportError) { try receive(&message, into: buffer.baseAddress!) } catch { failure = error }
        count = buffer.count
      }
      if let failure { throw failure }
      return bytes
    }

    /// Receives what nobody wants: whoever sent it waits for that.
    private func discard(_ message: MatchedMessage) {
      var message = message
      _ = try? receive(&message)
    }

    func discard(_ message: MatchedMessage, from connection: any MPIConnection) {
      let count = message.count
      discard(message)
      if count > 0 { send(.taken, over: connection, UInt64(count)) }
    }

    // MARK: Sending

    /// Sends what MPI puts into the receiver's buffer at once: MPI_Send does that in half the time of MPI_Isend. Not to
    /// this rank itself, which might have to receive meanwhile.
    func sendShort(_ bytes: UnsafeRawBufferPointer, to rank: Int32, tag: Int32) throws(TransportError) {
      try check(
        muster_mpi_send(bytes.baseAddress, Int32(bytes.count), rank, tag, communicator),
        "sending to rank \(rank)")
    }

    func startSend(_ bytes: UnsafeRawBufferPointer, to rank: Int32, tag: Int32) throws(TransportError)
      -> muster_mpi_request
    {
      var request = muster_mpi_request()
      try check(
        muster_mpi_isend(bytes.baseAddress, Int32(bytes.count), rank, tag, communicator, &request),
        "sending to rank \(rank)")
      return request
    }

    func hasCompleted(_ send: inout PendingSend) throws(TransportError) -> Bool {
      guard var request = send.request else { return true }
      let result = muster_mpi_test(&request)
      if result < 0 { try check(-result, "sending") }
      if result > 0 { send.request = nil }
      return result > 0
    }

    /// Sends a short notice: that a connection opens or ends, or how much has been taken.
    func send(_ kind: MessageTag.Kind, over connection: any MPIConnection, _ value: UInt64?) {
      withUnsafeBytes(of: (value ?? 0).littleEndian) { bytes in
        try? send(
          MessageCopy(of: value == nil ? UnsafeRawBufferPointer(start: nil, count: 0) : bytes),
          to: connection.key.rank, tag: connection.tag(kind))
      }
    }

    /// Sends memory of our own, which is released when the send has completed.
    func send(_ message: MessageCopy, to rank: Int32, tag: Int32) throws(TransportError) {
      let request: muster_mpi_request
      do throws(TransportError) {
        request = try startSend(UnsafeRawBufferPointer(message.bytes), to: rank, tag: tag)
      } catch {
        message.bytes.deallocate()
        throw error
      }
      var send = PendingSend(request: request, count: message.bytes.count, memory: message.bytes.baseAddress)
      if (try? hasCompleted(&send)) ?? true { return message.bytes.deallocate() }
      state.withLock { [send] in $0.copies.append(send) }
    }

    /// A connection's writer waits for a send, or nobody does any more.
    func watch(_ connection: DirectConnection) {
      state.withLock { state in
        if !state.writers.contains(where: { $0 === connection }) { state.writers.append(connection) }
      }
    }

    private func testSends() -> Bool {
      let (writers, copies) = state.withLock { state in
        guard !state.writers.isEmpty || !state.copies.isEmpty else { return ([DirectConnection](), [PendingSend]()) }
        defer {
          state.writers = []
          state.copies = []
          state.isTesting = true
        }
        return (state.writers, state.copies)
      }
      guard !writers.isEmpty || !copies.isEmpty else { return false }
      let underWay = copies.compactMap { send -> PendingSend? in
        var send = send
        guard (try? hasCompleted(&send)) ?? true else { return send }
        send.memory?.deallocate()
        return nil
      }
      let waiting = writers.filter { !$0.testSends() }
      for connection in waiting { watch(connection) }
      state.withLock { state in
        state.copies += underWay
        state.isTesting = false
      }
      return waiting.count < writers.count
    }

    /// Moves messages until a condition holds.
    @discardableResult
    func wait(atMost limit: Duration, until condition: () -> Bool) -> Bool {
      let start = ContinuousClock.now
      while !condition() {
        let waited = ContinuousClock.now - start
        guard waited < limit else { return false }
        if !poll() { if waited < .milliseconds(1) { sched_yield() } else { usleep(100) } }
      }
      return true
    }

    /// Nothing is asked of MPI any more.
    func end() { matching.withLock { $0.isEnded = true } }

    private func check(_ code: Int32, _ action: String) throws(TransportError) {
      if code != MPI_SUCCESS { throw TransportError(description: "\(action): \(describe(mpi: code))") }
    }
  }
#endif

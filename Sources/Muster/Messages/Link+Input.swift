import CMuster
import DequeModule
import Synchronization

extension Link {
  /// What is guarded by the lock of the receiving side.
  struct Input: ~Copyable, Sendable {
    var parser = FrameParser()
    /// The functions the peer has declared, by its numbers.
    var targets: [CallTarget?] = []
    /// The dispatcher knows that requests are waiting here.
    var isReady = false
    /// Nothing is read until requests have been taken out.
    var isPaused = false
    /// The answers to this peer do not get away: its requests wait in `backlog`, while answers to ours go on.
    var isStalled = false
    var backlog = Deque<Request>()
    var backlogSize = 0
    var isEnded = false
  }

  /// Requests that may wait while the peer does not take its answers.
  private static let backlogLimit = 16 << 20
  private static let readsPerTurn = 16

  @discardableResult
  func readable() -> Bool {
    var gotAny = false
    var failure: String?
    input.withLock { input in
      // The leading loop takes requests from here, and reads for itself, unless it has no thread to run on.
      if input.isReady, !engine.isExhausted.load(ordering: .relaxed) { return pause(&input) }
      for _ in 0..<Self.readsPerTurn where !input.isEnded {
        let room = input.parser.destination()
        if room.count == 0 { return pause(&input) }
        do {
          guard let count = try connection.read(into: room) else { return }
          gotAny = true
          try input.parser.advance(by: count)
          try process(&input)
          // A descriptor tells again of what is left; without one, bytes are told of when they come, and only then.
          if count < room.count, connection.descriptor != nil { return }
        } catch let error as TransportError {
          failure = error.description
          return
        } catch {
          failure = "received what is no message: \(error)"
          return
        }
      }
      // There may be more. Of a connection that has ended there is not, and to look again would never end.
      if connection.descriptor == nil, !input.isEnded { engine.signal(self) }
    }
    if gotAny { lastHeard.store(muster_now(), ordering: .relaxed) }
    if let failure { lose(failure) }
    lookAgainIfNeeded()
    return gotAny || failure != nil
  }

  /// The descriptor does not tell of what the connection has received already.
  private func lookAgainIfNeeded() {
    if connection.hasBufferedInput, !input.withLock({ $0.isPaused || $0.isEnded }) { engine.signal(self) }
  }

  /// Deals with everything that needs no task, up to the first request.
  private func process(_ input: inout Input) throws {
    while let frame = try input.parser.next() {
      if frame.header.kind.isRequest {
        guard input.isStalled || (input.isReady && engine.isExhausted.load(ordering: .relaxed)) else {
          if !input.isReady {
            input.isReady = true
            dispatcher.markReady(self)
          }
          return
        }
        guard input.backlogSize < Self.backlogLimit else { return }
        let request = try Request(frame, from: self, target: target(of: frame, in: input))
        input.backlog.append(request)
        input.backlogSize += request.storage.bytes.count
      } else {
        try handle(frame, &input)
      }
      input.parser.consume()
    }
  }

  /// Loads the next request to run into `call`; called by the leading loop of the dispatcher. Returns false, once,
  /// when there is none.
  func takeRequest(into call: IncomingCall) -> Bool {
    var failure: String?
    let hasRequest = input.withLock { input -> Bool in
      do {
        if isStalling(&input) {
          input.isReady = false
          try process(&input)
        } else if try loadNextRequest(&input, into: call) {
          return true
        }
      } catch let error as TransportError {
        failure = error.description
      } catch {
        failure = "received what is no message: \(error)"
      }
      input.isReady = false
      resume(&input)
      return false
    }
    if let failure { lose(failure) }
    if !hasRequest { lookAgainIfNeeded() }
    return hasRequest
  }

  /// Whether requests have to wait because the peer does not take its answers.
  private func isStalling(_ input: inout Input) -> Bool {
    guard isOverfull.load(ordering: .relaxed) else { return false }
    // Whoever makes room looks at this afterwards, so one of the two sees the other.
    input.isStalled = true
    input.isStalled = isOverfull.load(ordering: .sequentiallyConsistent)
    return input.isStalled
  }

  /// Loads the first of the requests that are here, or arrive while this looks.
  private func loadNextRequest(_ input: inout Input, into call: IncomingCall) throws -> Bool {
    if let request = input.backlog.popFirst() {
      input.backlogSize -= request.storage.bytes.count
      call.load(request, from: self)
      return true
    }
    while !input.isEnded {
      while let frame = try input.parser.next() {
        defer { input.parser.consume() }
        if frame.header.kind.isRequest {
          let isLast = !input.parser.hasMore
          call.load(
            try frame.withReferences(over: self), from: self, target: try target(of: frame, in: input), isLast: isLast)
          return true
        }
        try handle(frame, &input)
      }
      // Whoever waits for an answer gets it before this thread looks for more.
      flush()
      guard let count = try connection.read(into: input.parser.destination()) else { return false }
      lastHeard.store(muster_now(), ordering: .relaxed)
      try input.parser.advance(by: count)
    }
    return false
  }

  /// The peer takes its answers again.
  func resumeStalledRequests() {
    input.withLock { input in
      guard input.isStalled else { return }
      input.isStalled = false
      input.isReady = true
      dispatcher.markReady(self)
    }
  }

  private func handle(_ received: Frame, _ input: inout Input) throws {
    let frame = try received.withReferences(over: self)
    let id = frame.header.id
    switch frame.header.kind {
    case .value: complete(id, Reply(.value, frame))
    case .failure: complete(id, Reply(.failure, frame))
    case .kept: complete(id, Reply(.kept, frame))
    case .declare:
      guard id <= UInt64(UInt16.max) * 16 else { throw WireError(.lengthTooLarge, offset: 8) }
      while input.targets.count <= Int(id) { input.targets.append(nil) }
      input.targets[Int(id)] = context.target(named: String(decoding: frame.body, as: UTF8.self))
    case .ping: try? send(.pong, id: id)
    case .pong: break
    case .leave: context.peerLeaves(self, reason: String(decoding: frame.body, as: UTF8.self))
    case .call, .cast, .spawn: preconditionFailure("requests go to the dispatcher")
    }
  }

  private func complete(_ id: UInt64, _ reply: Reply) {
    pending.withLock { $0.complete(id, with: reply) }?.receive(reply)
  }

  private func target(of frame: Frame, in input: borrowing Input) throws(WireError) -> CallTarget {
    guard frame.body.count >= 4 else { throw WireError(.truncated, offset: FrameHeader.size) }
    let number = Int(UInt32(littleEndian: frame.body.loadUnaligned(as: UInt32.self)))
    guard number < input.targets.count, let target = input.targets[number] else {
      throw WireError(.unknownKind, offset: FrameHeader.size)
    }
    return target
  }

  private func pause(_ input: inout Input) {
    input.isPaused = true
    setInterest(input: false)
  }

  private func resume(_ input: inout Input) {
    guard input.isPaused else { return }
    input.isPaused = false
    if connection.descriptor == nil { engine.signal(self) } else { setInterest(input: true) }
  }
}

import CMuster
import Synchronization

/// One authenticated connection to another process of the cluster, with everything that is above bytes: frames,
/// coalescing, back-pressure, the calls that wait for an answer and the requests that wait to be run.
final class Link: IOSource, Flushable {
  /// A sender waits while this much is queued …
  static let highWater = 1 << 20
  /// … until no more than this is.
  static let lowWater = 256 << 10
  /// Small messages leave together once there is this much of them.
  static let flushSize = 64 << 10

  let peer: ProcessID
  let connection: any Connection
  let engine: Engine
  let dispatcher: Dispatcher
  let context: any LinkContext
  let pending = Mutex(PendingReplies())
  let output = Mutex(Output())
  let input = Mutex(Input())
  /// More is queued than the peer takes; changed under the lock of the output, read without.
  let isOverfull = Atomic<Bool>(false)
  /// A sender has filled and written 64 KiB since it last gave way.
  let mustPace = Atomic<Bool>(false)
  let interest = Mutex(Interest())
  /// Monotonic nanoseconds of the last byte received, for the heartbeat.
  let lastHeard = Atomic<UInt64>(muster_now())
  /// A writer that waits to be used again; whoever takes it out owns it, with a count of its own.
  private let spareWriter = Atomic<UInt>(0)

  init(
    peer: ProcessID, connection: any Connection, engine: Engine, dispatcher: Dispatcher, context: any LinkContext
  ) {
    self.peer = peer
    self.connection = connection
    self.engine = engine
    self.dispatcher = dispatcher
    self.context = context
  }

  deinit { _ = exchangeSpare(nil) }

  var isBusy: Bool { true }

  /// Begins to receive.
  func start() throws(ClusterError) {
    if let descriptor = connection.descriptor {
      try engine.poller.add(self, descriptor: descriptor)
      // It may have been lost before: a descriptor that has been shut down would be reported again and again.
      if loss != nil { engine.poller.remove(descriptor: descriptor) }
    } else {
      // Until the link is lost. Not weak: that would make every count of a reference to the link a slow one.
      connection.setReadyHandler { [self] in engine.signal(self) }
      if loss != nil { connection.setReadyHandler(nil) }
    }
  }

  // MARK: Frames to write

  /// Builds a frame with a writer that is reused, and sends it.
  ///
  /// - Parameters:
  ///   - function: the function that the frame calls; it is declared to the peer before its first use.
  ///   - isAwaited: somebody waits for it, and nothing more is known to follow: it leaves at once, unless other tasks
  ///     are ready, who may have something for the same way.
  func send(
    _ kind: MessageKind, id: UInt64, function: FunctionEntry? = nil, isAwaited: Bool = false,
    _ body: (FrameWriter) throws -> Void = { _ in }
  ) throws {
    let writer = takeWriter()
    defer { putBack(writer) }
    writer.beginFrame(kind, id: id)
    try body(writer)
    try writer.endFrame()
    if writer.references.isEmpty {
      try enqueue(writer, function: function, isAwaited: isAwaited)
    } else {
      try enqueueWithReferences(writer, function: function, isAwaited: isAwaited)
    }
  }

  private func takeWriter() -> FrameWriter {
    if let spare = exchangeSpare(nil) { return spare }
    return FrameWriter(for: peer)
  }

  private func putBack(_ writer: FrameWriter) {
    writer.reset()
    _ = exchangeSpare(writer)
  }

  /// Puts a writer, with a reference of its own, in the place of another, and that reference into the caller's hands.
  private func exchangeSpare(_ writer: FrameWriter?) -> FrameWriter? {
    let bits = writer.map { UInt(bitPattern: Unmanaged.passRetained($0).toOpaque()) } ?? 0
    let old = spareWriter.exchange(bits, ordering: .acquiringAndReleasing)
    return UnsafeRawPointer(bitPattern: old).map { Unmanaged<FrameWriter>.fromOpaque($0).takeRetainedValue() }
  }

  // MARK: Answers

  /// Waits for the answer to a call.
  func reply(to id: UInt64) async -> Reply {
    if !Task.isCancelled, let reply = replyThatComesSoon(to: id) { return reply }
    return await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let reply: Reply? = pending.withLock { pending in
          if Task.isCancelled {
            _ = pending.abandon(id)
            return Reply(.cancelled)
          }
          return pending.wait(for: id, .caller(continuation))
        }
        if let reply { continuation.resume(returning: reply) }
      }
    } onCancel: {
      pending.withLock { $0.abandon(id) }?.receive(Reply(.cancelled))
    }
  }

  /// The answer to a call that is there, or comes while this thread has nothing better to do than to wait for it.
  func replyThatComesSoon(to id: UInt64) -> Reply? {
    repeat {
      if let reply = pending.withLock({ $0.take(id) }) { return reply }
    } while engine.receiveBriefly()
    return nil
  }

  /// A call could not be sent.
  ///
  /// - Parameter isAwaited: its caller waits now; otherwise it hears of the loss at once, and may call somebody else.
  /// - Throws: why; nothing if that is the loss of the peer, and the reason for it is still being looked for: then the
  ///   call is told of it with all others.
  func giveUp(_ id: UInt64, _ error: any Error, isAwaited: Bool) throws {
    let isLost = isAwaited && (error as? ProcessExitedError)?.pid == peer
    let isOver = pending.withLock { pending in
      if pending.isOver || !isLost { _ = pending.abandon(id) }
      return pending.isOver
    }
    guard isLost else { throw error }
    if isOver { throw lossError }
  }

  // MARK: The end

  /// What has gone over the connection so far.
  var traffic: Traffic {
    let (calls, sent) = output.withLock { $0.traffic }
    return Traffic(calls: calls, sent: sent, received: input.withLock { $0.byteCount })
  }

  /// Ends the connection for a reason; every caller that waits hears of it once the context has explained the loss.
  func lose(_ reason: String) {
    let isFirst = output.withLock { output in
      guard output.loss == nil else { return false }
      output.loss = reason
      return true
    }
    guard isFirst else { return }
    if let descriptor = connection.descriptor { engine.poller.remove(descriptor: descriptor) }
    connection.setReadyHandler(nil)
    connection.close()
    input.withLock { $0.isEnded = true }
    context.linkLost(self, reason: reason)
  }

  /// Tells every waiter that the peer has gone, and why.
  func finish(reason: String) {
    let waiters = output.withLock { output in
      output.loss = reason
      giveUpQueue(&output)
      let waiters = output.roomWaiters
      output.roomWaiters = []
      return waiters
    }
    for waiter in waiters { waiter.resume() }
    for waiter in pending.withLock({ $0.completeAll(with: Reply(.lost)) }) { waiter.receive(Reply(.lost)) }
  }

  /// Why the connection has ended, if it has.
  var loss: String? { output.withLock { $0.loss } }

  var lossError: ProcessExitedError { ProcessExitedError(pid: peer, reason: loss ?? "the connection was closed") }
}

/// What a link needs to know of the cluster around it.
protocol LinkContext: AnyObject, Sendable {
  /// The number of this process.
  var processID: ProcessID { get }
  /// The values kept for others.
  var references: ReferenceTable { get }
  /// What the owners of values elsewhere are told.
  var releases: ReleaseBatch { get }
  /// The function a peer has declared under its mangled type name; never fails: an unknown one answers its callers.
  func target(named name: String) -> CallTarget
  /// The link has ended; `finish` is to be called on it once the reason is known.
  func linkLost(_ link: Link, reason: String)
  /// Says on standard error what nobody waits to hear.
  func report(_ message: String)
  /// Nothing can be written any more. Called with the link's lock held, as `peerLeaves`.
  func writingFailed(_ link: Link, reason: String)
  /// The peer has said that it leaves. Called with the link's lock held: `lose` has to wait.
  func peerLeaves(_ link: Link, reason: String)
}

extension CodingUserInfoKey {
  /// Finds, in `encoder.userInfo`, the `ProcessID` of the process a value is being encoded for.
  public static let destination = CodingUserInfoKey(rawValue: "muster.destination")!
}

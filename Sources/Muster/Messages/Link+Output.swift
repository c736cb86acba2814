import Synchronization

extension Link {
  /// What is guarded by the lock of the sending side.
  struct Output: ~Copyable, Sendable {
    var queue = OutputQueue()
    /// Will be flushed by the Engine before it waits.
    var isDirty = false
    /// The connection takes no more; `writable` will be called.
    var isBlocked = false
    /// Why nothing can be sent any more.
    var loss: String?
    /// Which functions the peer has been told the name of, by their number in the registry.
    var declared: [Bool] = []
    var traffic = (calls: 0, bytes: 0)
    var roomWaiters: [UnsafeContinuation<Void, Never>] = []
  }

  /// Appends a frame. It leaves with others: when 64 KiB are together, when no job is ready, or with `flush`.
  func enqueue(_ writer: FrameWriter, function: FunctionEntry?, isAwaited: Bool) throws {
    let flushNow = isAwaited && !(engine.hasReadyJobs && engine.isCurrentThread)
    engine.progress.wrappingAdd(1, ordering: .relaxed)
    let needsFlush = try output.withLock { output -> Bool in
      if let loss = output.loss { throw ProcessExitedError(pid: peer, reason: loss) }
      if let function {
        output.traffic.calls &+= 1
        Self.declare(function, in: &output)
      }
      writer.withUnsafeBytes { output.queue.append($0) }
      for array in writer.bulk { output.queue.append(array) }
      if output.isBlocked {
        if output.queue.byteCount > Self.highWater { isOverfull.store(true, ordering: .relaxed) }
        return false
      }
      if flushNow || output.queue.byteCount >= Self.flushSize {
        writeLocked(&output)
        mustPace.store(!flushNow, ordering: .relaxed)
        return false
      }
      defer { output.isDirty = true }
      return !output.isDirty
    }
    if needsFlush { engine.flushSoon(self) }
  }

  /// Tells the peer the name of a function before the first frame that calls it by number, on the same connection.
  private static func declare(_ function: FunctionEntry, in output: inout Output) {
    if function.number < output.declared.count, output.declared[function.number] { return }
    while output.declared.count <= function.number { output.declared.append(false) }
    output.declared[function.number] = true
    output.queue.append(function.declaration)
  }

  /// Writes what is queued, as far as the connection takes it.
  func flush() {
    let waiters = output.withLock { output -> [UnsafeContinuation<Void, Never>] in
      output.isDirty = false
      guard !output.isBlocked, output.loss == nil else { return [] }
      writeLocked(&output)
      return Self.takeRoomWaiters(&output)
    }
    for waiter in waiters { waiter.resume() }
  }

  func writable() {
    let (waiters, hasRoom) = output.withLock { output -> ([UnsafeContinuation<Void, Never>], Bool) in
      guard output.isBlocked, output.loss == nil else { return ([], false) }
      output.isBlocked = false
      writeLocked(&output)
      return (Self.takeRoomWaiters(&output), output.queue.byteCount <= Self.lowWater)
    }
    for waiter in waiters { waiter.resume() }
    if hasRoom { resumeStalledRequests() }
  }

  /// Called after sending: suspends while more is queued than the peer takes, and now and then lets the Engine receive
  /// and other tasks run although the sender has no reason of its own to suspend.
  @inline(__always)
  func paceIfNeeded() async {
    // Asked first, because awaiting something that does nothing costs, too.
    if isOverfull.load(ordering: .relaxed) || mustPace.load(ordering: .relaxed) { await pace() }
  }

  private func pace() async {
    if isOverfull.load(ordering: .relaxed) { await waitForRoom() }
    guard mustPace.load(ordering: .relaxed) else { return }
    mustPace.store(false, ordering: .relaxed)
    guard engine.isCurrentThread else { return }
    engine.receiveIfUnattended()
    if engine.hasReadyJobs { await Task.yield() }
  }

  private func waitForRoom() async {
    await withUnsafeContinuation { continuation in
      let isWaiting = output.withLock { output -> Bool in
        guard output.loss == nil, output.queue.byteCount > Self.highWater else { return false }
        output.roomWaiters.append(continuation)
        return true
      }
      if !isWaiting { continuation.resume() }
    }
  }

  private func writeLocked(_ output: inout Output) {
    let queued = output.queue.byteCount
    do {
      output.isBlocked = try !output.queue.write(to: connection)
      output.traffic.bytes &+= queued - output.queue.byteCount
    } catch {
      // A part of a frame may have left: nothing more is written.
      output.isBlocked = true
      giveUpQueue(&output)
      context.writingFailed(self, reason: "\(error)")
    }
    isOverfull.store(output.queue.byteCount > Self.highWater, ordering: .sequentiallyConsistent)
    setInterest(output: output.isBlocked)
  }

  /// What is queued will not be sent; a connection that sends from the memory may not have finished with it.
  func giveUpQueue(_ output: inout Output) {
    let queue = exchange(&output.queue, with: OutputQueue())
    if let connection = connection as? any SendsFromMemory { connection.keep(OfferedMemory(queue)) }
  }

  /// Which events the poller was asked for. A lock of its own: both sides change it.
  struct Interest: Sendable {
    var input = true
    var output = false
  }

  func setInterest(input: Bool? = nil, output: Bool? = nil) {
    guard let descriptor = connection.descriptor else { return }
    interest.withLock { interest in
      let old = (interest.input, interest.output)
      interest.input = input ?? interest.input
      interest.output = output ?? interest.output
      guard old != (interest.input, interest.output) else { return }
      engine.poller.setInterest(descriptor: descriptor, input: interest.input, output: interest.output)
    }
  }

  private static func takeRoomWaiters(_ output: inout Output) -> [UnsafeContinuation<Void, Never>] {
    guard !output.roomWaiters.isEmpty, output.queue.byteCount <= lowWater else { return [] }
    let waiters = output.roomWaiters
    output.roomWaiters = []
    return waiters
  }
}

import DequeModule
import Synchronization

/// Hands the requests of all connections, in the order of each, to one leading `ServingLoop` at a time.
final class Dispatcher: Sendable {
  /// Loops that rest beyond this number end: a burst of suspended functions leaves no memory behind.
  private static let maximumResting = 64

  let engine: Engine
  private let state = Mutex(State())
  /// Sets the task-local context of the loops, once per loop.
  private let context: @Sendable (_ body: @Sendable () async -> Void) async -> Void

  private struct State: Sendable {
    var ready = Deque<Link>()
    var leader: ServingLoop?
    /// What the leader ran at the last tick.
    var lastRunning: UInt64?
    var leaderWaits: UnsafeContinuation<Void, Never>?
    var resting: [(loop: ServingLoop, continuation: UnsafeContinuation<Bool, Never>)] = []
    var loops: [ServingLoop] = []
    var isStopped = false
  }

  init(engine: Engine, context: @escaping @Sendable (_ body: @Sendable () async -> Void) async -> Void) {
    self.engine = engine
    self.context = context
    // Not weak: that would make every count of a reference to this a slow one. The two end together.
    engine.onTick.withLock { $0.append { [self] in replaceBusyLeader() } }
    engine.onExhaustion.withLock { $0.append { [self] in readAhead() } }
    replaceLeader(nil)
  }

  /// A connection has requests. It calls this once, until `takeRequest` has found none.
  func markReady(_ link: Link) {
    let waiting = state.withLock { state in
      state.ready.append(link)
      return state.leaderWaits.take()
    }
    waiting?.resume()
  }

  /// Cancels the users' functions that run. Returns how many there were.
  func interrupt() -> Int {
    state.withLock { $0.loops }.count { $0.interrupt() }
  }

  /// Cancels one of the users' functions that run.
  func cancel(_ id: UInt64, of caller: ProcessID) {
    for loop in state.withLock({ $0.loops }) { loop.interrupt(id, of: caller) }
  }

  /// The calls that run now.
  var running: [(target: CallTarget, caller: ProcessID, since: UInt64?)] {
    state.withLock { $0.loops }.compactMap(\.running)
  }

  func stop() {
    let (leader, resting) = state.withLock { state in
      state.isStopped = true
      let resting = state.resting
      state.resting = []
      state.ready = []
      return (state.leaderWaits.take(), resting)
    }
    leader?.resume()
    for loop in resting { loop.continuation.resume(returning: false) }
  }

  // MARK: Leadership

  /// Requests wait for a thread; what came behind them (answers, heartbeats) does not.
  private func readAhead() {
    for link in state.withLock({ $0.ready }) { link.readable() }
  }

  /// Called with every tick of the watchdog: a leader that has run the same function since the last one is replaced.
  private func replaceBusyLeader() {
    let busy = state.withLock { state -> ServingLoop? in
      let message = state.leader?.runningMessage
      defer { state.lastRunning = message }
      return message != nil && message == state.lastRunning ? state.leader : nil
    }
    if let busy, busy.detachIfRunning() { replaceLeader(busy) }
  }

  /// Lets another loop lead.
  func replaceLeader(_ old: ServingLoop?) {
    enum Next {
      case resting(UnsafeContinuation<Bool, Never>)
      case new(ServingLoop)
      case none
    }
    let next = state.withLock { state -> Next in
      guard state.leader === old, !state.isStopped else { return .none }
      if let (loop, continuation) = state.resting.popLast() {
        state.leader = loop
        return .resting(continuation)
      }
      let loop = ServingLoop(dispatcher: self)
      state.leader = loop
      state.loops.append(loop)
      return .new(loop)
    }
    switch next {
    case .resting(let continuation): continuation.resume(returning: true)
    case .new(let loop): start(loop)
    case .none: break
    }
  }

  private func start(_ loop: ServingLoop) {
    loop.setTask {
      Task(executorPreference: engine) { [self] in
        await context { [self] in await serve(loop) }
        state.withLock { state in state.loops.removeAll { $0 === loop } }
      }
    }
  }

  // MARK: The loop

  private func serve(_ loop: ServingLoop) async {
    while true {
      guard let link = state.withLock({ $0.ready.first }) else {
        if engine.receiveBriefly() { continue }
        if await waitForRequests() { continue }
        return
      }
      guard await serveTurn(of: link, loop) else { return }
      // Answers must not wait until a stream of requests has ended, nor tasks that have become ready.
      engine.flushDirty()
      if engine.hasReadyJobs { await Task.yield() }
    }
  }

  /// Serves one connection for a while. Returns false when the loop is to end.
  private func serveTurn(of link: Link, _ loop: ServingLoop) async -> Bool {
    guard loop.beginTurn(of: link) else {
      pass(link, isEmpty: true)
      return true
    }
    while true {
      await loop.call.target.run(loop.call)
      switch loop.pause {
      case .otherFunction: continue
      case .turnIsOver: pass(link, isEmpty: false)
      case .noRequest: pass(link, isEmpty: true)
      case .detached: return await rest(loop)
      case .interrupted(let stillLeads):
        if stillLeads { replaceLeader(loop) }
        return false
      }
      return true
    }
  }

  /// A connection has had its turn, or has no requests any more.
  private func pass(_ link: Link, isEmpty: Bool) {
    state.withLock { state in
      guard state.ready.first === link else { return }
      state.ready.removeFirst()
      if !isEmpty { state.ready.append(link) }
    }
  }

  /// Returns false when the dispatcher has been stopped.
  private func waitForRequests() async -> Bool {
    await withUnsafeContinuation { continuation in
      let isReady = state.withLock { state in
        if state.ready.isEmpty, !state.isStopped {
          state.leaderWaits = continuation
          return false
        }
        return true
      }
      if isReady { continuation.resume() }
    }
    return !state.withLock { $0.isStopped }
  }

  /// Waits until this loop leads again; false when it is not needed any more.
  private func rest(_ loop: ServingLoop) async -> Bool {
    await withUnsafeContinuation { continuation in
      let isKept = state.withLock { state in
        guard !state.isStopped, state.resting.count < Self.maximumResting else { return false }
        state.resting.append((loop, continuation))
        return true
      }
      if !isKept { continuation.resume(returning: false) }
    }
  }
}

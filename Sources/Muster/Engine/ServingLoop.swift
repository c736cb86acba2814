import CMuster
import Synchronization

/// One task that receives requests and awaits their functions, directly, one after the other: a task per request would
/// cost as much as everything else together.
///
/// Many loops share the work of a `Dispatcher`, but only one leads, that is, receives. When its function suspends (the
/// Engine notices that the job returned with the function unfinished) or computes for long (the watchdog notices), the
/// loop is *detached* by one compare-and-swap and another loop leads; the detached one finishes its function later and
/// then rests until it is needed again.
// @unchecked: `call`, `pause`, `requestsInTurn` and `start` are touched by the loop's own task only; everything else is
// atomic, immutable or behind a Mutex. `@exclusivity(unchecked)`: no access to them is open while other code runs.
final class ServingLoop: @unchecked Sendable {
  private enum Phase {
    static let idle: UInt64 = 0
    static let running: UInt64 = 1
    static let detached: UInt64 = 2
    static let mask: UInt64 = 3
  }

  /// Requests taken from one connection before the next has its turn.
  private static let turn = 256
  /// Nanoseconds from which on a call is worth a write of its own.
  private static let slowThreshold: UInt64 = 20_000

  private let dispatcher: Dispatcher
  /// What it serves.
  @exclusivity(unchecked) private(set) var call: IncomingCall!
  /// The number of the message, and the phase in the lowest two bits.
  private let state = Atomic<UInt64>(0)
  /// Whether the function that runs is a user's, which `interrupt` may cancel.
  private let isInterruptible = Atomic<Bool>(false)
  private let isDetachable = Atomic<Bool>(true)
  /// Which call runs, and whose it is.
  private let callID = Atomic<UInt64>(0)
  private let caller = Atomic<Int>(0)
  /// Its `CallTarget`, which the registry keeps for good.
  private let target = Atomic<UnsafeRawPointer?>(nil)
  /// When it was found to take longer than others wait for: within a tick of the watchdog from its beginning.
  private let detachTime = Atomic<UInt64>(0)
  /// The number of the message whose function has been cancelled. The loop's task ends with that.
  private let cancelled = Atomic<UInt64>(0)
  private let task = Mutex<Task<Void, Never>?>(nil)

  /// Why `advance` has not gone on.
  enum Pause {
    /// A call of another function has been loaded and begun.
    case otherFunction
    case turnIsOver
    case noRequest
    /// Another loop has taken the lead meanwhile.
    case detached
    /// The loop's task has been cancelled.
    case interrupted(stillLeads: Bool)
  }

  // What follows is the loop's own task's.
  @exclusivity(unchecked) private(set) var pause = Pause.noRequest
  @exclusivity(unchecked) private var requestsInTurn = 0
  /// When the function that runs was begun, if it is timed.
  @exclusivity(unchecked) private var start: UInt64?

  init(dispatcher: Dispatcher) {
    self.dispatcher = dispatcher
    call = IncomingCall(loop: self)
  }

  // MARK: The loop's own task

  /// Loads and begins the first request of a turn. Returns whether there is one.
  func beginTurn(of link: Link) -> Bool {
    requestsInTurn = 0
    guard link.takeRequest(into: call) else { return false }
    begin()
    return true
  }

  /// Finishes the call that was run and begins the next. Returns whether that is one of the same function; otherwise
  /// `pause` says why not.
  func advance() -> Bool {
    let target = call.target
    let stillLeads = finish()
    call.clear()
    if cancelled.load(ordering: .sequentiallyConsistent) == state.load(ordering: .relaxed) >> 2 {
      pause = .interrupted(stillLeads: stillLeads)
    } else if !stillLeads {
      pause = .detached
    } else if requestsInTurn == Self.turn {
      pause = .turnIsOver
    } else if !call.link.takeRequest(into: call) {
      pause = .noRequest
    } else {
      begin()
      if call.target === target { return true }
      pause = .otherFunction
    }
    return false
  }

  private func begin() {
    let target: CallTarget = call.target
    dispatcher.engine.progress.wrappingAdd(1, ordering: .relaxed)
    // It may compute for long again: what is answered should not wait for it.
    let isSlow = target.isSlow.load(ordering: .relaxed)
    if isSlow { call.link.flush() }
    // The clock costs a tenth of a short call: functions that were fast are timed now and then only.
    start = isSlow || requestsInTurn & 15 == 0 ? muster_now() : nil
    requestsInTurn += 1
    let sequence = (state.load(ordering: .relaxed) >> 2) &+ 1
    callID.store(call.id, ordering: .relaxed)
    caller.store(call.link.peer.rawValue, ordering: .relaxed)
    self.target.store(UnsafeRawPointer(Unmanaged.passUnretained(target).toOpaque()), ordering: .relaxed)
    isInterruptible.store(target.isInterruptible, ordering: .relaxed)
    isDetachable.store(!target.isOrdered, ordering: .relaxed)
    state.store(sequence << 2 | Phase.running, ordering: .releasing)
    // Retained until the job ends or the function has finished: the loop itself may have ended before the Engine looks.
    muster_set_current_loop(Unmanaged.passRetained(self).toOpaque(), sequence)
  }

  /// The function has finished. Returns whether this loop still leads.
  private func finish() -> Bool {
    if let start { call.target.isSlow.store(muster_now() &- start > Self.slowThreshold, ordering: .relaxed) }
    let sequence = state.load(ordering: .acquiring) >> 2
    isInterruptible.store(false, ordering: .relaxed)
    let (exchanged, _) = state.compareExchange(
      expected: sequence << 2 | Phase.running, desired: sequence << 2 | Phase.idle, ordering: .sequentiallyConsistent)
    if !exchanged { state.store(sequence << 2 | Phase.idle, ordering: .sequentiallyConsistent) }
    let me = Unmanaged.passUnretained(self)
    if muster_current_loop() == me.toOpaque() {
      muster_set_current_loop(nil, 0)
      me.release()
    }
    return exchanged
  }

  // MARK: From other threads

  /// Called by the Engine when the job returned before the function of message `sequence` had finished.
  func handlerSuspended(_ sequence: UInt64) {
    if detach(sequence) { dispatcher.replaceLeader(self) }
  }

  /// The number of the message whose function runs, if one does and this loop still leads.
  var runningMessage: UInt64? {
    let current = state.load(ordering: .acquiring)
    return current & Phase.mask == Phase.running && isDetachable.load(ordering: .relaxed) ? current : nil
  }

  /// Called by the watchdog: the function that runs has held its thread for too long.
  func detachIfRunning() -> Bool {
    let current = state.load(ordering: .acquiring)
    return current & Phase.mask == Phase.running && detach(current >> 2)
  }

  private func detach(_ sequence: UInt64) -> Bool {
    detachTime.store(muster_now(), ordering: .relaxed)
    return state.compareExchange(
      expected: sequence << 2 | Phase.running, desired: sequence << 2 | Phase.detached,
      ordering: .acquiringAndReleasing
    ).exchanged
  }

  /// What runs, whose call it is, and since when; `nil` for the start of what has just begun.
  var running: (target: CallTarget, caller: ProcessID, since: UInt64?)? {
    let before = state.load(ordering: .acquiring)
    guard before & Phase.mask != Phase.idle, let pointer = target.load(ordering: .relaxed) else { return nil }
    let (caller, time) = (caller.load(ordering: .relaxed), detachTime.load(ordering: .relaxed))
    atomicMemoryFence(ordering: .acquiring)
    // What was read is of one call if that still runs.
    let now = state.load(ordering: .relaxed)
    guard now >> 2 == before >> 2, now & Phase.mask != Phase.idle else { return nil }
    let target = Unmanaged<CallTarget>.fromOpaque(pointer).takeUnretainedValue()
    return (target, ProcessID(caller), before & Phase.mask == Phase.detached ? time : nil)
  }

  // MARK: Cancellation

  /// - Parameter make: makes the task, under the lock: it may begin to run before it has been returned, and be cancelled.
  func setTask(_ make: () -> Task<Void, Never>) { task.withLock { $0 = make() } }

  /// Cancels the function that runs, if it is a user's. Returns whether one was.
  func interrupt() -> Bool { interrupt { true } }

  /// Cancels one call of another process, if that is what runs.
  func interrupt(_ id: UInt64, of caller: ProcessID) {
    _ = interrupt {
      callID.load(ordering: .relaxed) == id && self.caller.load(ordering: .relaxed) == caller.rawValue
    }
  }

  private func interrupt(if isMeant: () -> Bool) -> Bool {
    let running = state.load(ordering: .acquiring)
    guard running & Phase.mask != Phase.idle, isInterruptible.load(ordering: .relaxed), isMeant() else { return false }
    cancelled.store(running >> 2, ordering: .sequentiallyConsistent)
    // If the function is still the same one, `advance` will see that it was cancelled and run no other in this task.
    let now = state.load(ordering: .sequentiallyConsistent)
    guard now >> 2 == running >> 2, now & Phase.mask != Phase.idle else { return false }
    task.withLock { $0?.cancel() }
    return true
  }
}

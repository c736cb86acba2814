import CMuster
import Synchronization

/// One task that receives requests and awaits their functions, directly, one after the other: a task per request would
/// cost as much as everything else together.
///
/// Many loops share the work of a `Dispatcher`, but only one leads, that is, receives. When its function suspends (the
/// Engine notices that the job returned with the function unfinished) or computes for long (the watchdog notices), the
/// loop is *detached* by one compare-and-swap and another loop leads; the detached one finishes its function later and
/// then rests until it is needed again.
final class ServingLoop: Sendable {
  private enum Phase {
    static let idle: UInt64 = 0
    static let running: UInt64 = 1
    static let detached: UInt64 = 2
    static let mask: UInt64 = 3
  }

  private let dispatcher: Dispatcher
  let memory = RequestMemory()
  /// The number of the message, and the phase in the lowest two bits.
  private let state = Atomic<UInt64>(0)
  /// Whether the function that runs is a user's, which `interrupt` may cancel.
  private let isInterruptible = Atomic<Bool>(false)
  private let isDetachable = Atomic<Bool>(true)
  private let task = Mutex<Task<Void, Never>?>(nil)

  init(dispatcher: Dispatcher) { self.dispatcher = dispatcher }

  /// A function is about to be awaited.
  ///
  /// - Parameters:
  ///   - interruptible: it may be cancelled.
  ///   - detachable: what comes after it may be run before it has finished.
  func begin(interruptible: Bool, detachable: Bool) {
    let sequence = (state.load(ordering: .relaxed) >> 2) &+ 1
    isInterruptible.store(interruptible, ordering: .relaxed)
    isDetachable.store(detachable, ordering: .relaxed)
    state.store(sequence << 2 | Phase.running, ordering: .releasing)
    // Retained until the job ends or the function has finished: the loop itself may have ended before the Engine looks.
    muster_set_current_loop(Unmanaged.passRetained(self).toOpaque(), sequence)
  }

  /// The function has finished. Returns whether this loop still leads.
  func finish() -> Bool {
    let sequence = state.load(ordering: .acquiring) >> 2
    isInterruptible.store(false, ordering: .relaxed)
    let (exchanged, _) = state.compareExchange(
      expected: sequence << 2 | Phase.running, desired: sequence << 2 | Phase.idle, ordering: .acquiringAndReleasing)
    if !exchanged { state.store(sequence << 2 | Phase.idle, ordering: .releasing) }
    let me = Unmanaged.passUnretained(self)
    if muster_current_loop() == me.toOpaque() {
      muster_set_current_loop(nil, 0)
      me.release()
    }
    return exchanged
  }

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
    state.compareExchange(
      expected: sequence << 2 | Phase.running, desired: sequence << 2 | Phase.detached,
      ordering: .acquiringAndReleasing
    ).exchanged
  }

  // MARK: Cancellation

  func setTask(_ task: Task<Void, Never>) { self.task.withLock { $0 = task } }

  /// Cancels the function that runs, if it is a user's. The task ends with it.
  func interrupt() -> Bool {
    guard isInterruptible.load(ordering: .relaxed) else { return false }
    task.withLock { $0?.cancel() }
    return true
  }
}

import CMuster
import Glibc
import Synchronization

/// Keeps an Engine attentive while its threads are busy in a user's code.
///
/// Every thread that finds the polling role taken rests here. One of them is on watch: while the Engine is active it
/// looks every half millisecond whether anything has moved. If nothing has and nobody polls, the working thread is
/// busy in a job, and the watcher takes its place; another resting thread (or a new one, up to 64) goes on watch. If
/// there is none, the watcher stays and attends to the connections itself: answers and heartbeats go on.
/// An idle Engine has no watch: the ticks stop 20 ms after the last event.
// @unchecked: the semaphores are made once, are thread-safe and live as long as this object.
final class Watchdog: @unchecked Sendable {
  private static let tick: UInt64 = 500_000
  private static let quietTicks = 40

  private let isWatched = Atomic<Bool>(false)
  /// From the beginning: the first jobs may be there before any thread has waited, and so before it is armed.
  private let isArmed = Atomic<Bool>(true)
  private let resting = Atomic<Int>(0)
  private let watchSemaphore: UnsafeMutablePointer<sem_t>
  private let restSemaphore: UnsafeMutablePointer<sem_t>

  init() {
    watchSemaphore = .allocate(capacity: 1)
    restSemaphore = .allocate(capacity: 1)
    sem_init(watchSemaphore, 0, 0)
    sem_init(restSemaphore, 0, 0)
  }

  deinit {
    sem_destroy(watchSemaphore)
    sem_destroy(restSemaphore)
    watchSemaphore.deallocate()
    restSemaphore.deallocate()
  }

  /// The Engine has become active. Cheap when it already was.
  func arm() {
    guard !isArmed.load(ordering: .sequentiallyConsistent) else { return }
    if !isArmed.exchange(true, ordering: .sequentiallyConsistent) { sem_post(watchSemaphore) }
  }

  func wakeAll(threads: Int) {
    arm()
    for _ in 0..<threads { sem_post(restSemaphore) }
  }

  /// Returns when the calling thread is to go to work.
  func rest(of engine: Engine) {
    while isWatched.exchange(true, ordering: .acquiring) {
      resting.wrappingAdd(1, ordering: .sequentiallyConsistent)
      // The watcher may have gone to work between the two looks: then nobody would wake this thread.
      if isWatched.load(ordering: .sequentiallyConsistent) { waitUninterrupted(restSemaphore) }
      resting.wrappingSubtract(1, ordering: .sequentiallyConsistent)
      if engine.isStopped { return }
    }
    watch(engine)
    isWatched.store(false, ordering: .sequentiallyConsistent)
    // The watch is handed on before anything else: whoever works may be busy for ever.
    if resting.load(ordering: .sequentiallyConsistent) > 0 { sem_post(restSemaphore) } else { engine.addThread() }
  }

  private func watch(_ engine: Engine) {
    var last = engine.progress.load(ordering: .relaxed)
    var worker = WorkerTime()
    var quiet = 0
    while !engine.isStopped {
      if isArmed.load(ordering: .sequentiallyConsistent) {
        _ = muster_semaphore_wait(watchSemaphore, Self.tick)
      } else {
        waitUninterrupted(watchSemaphore)
        quiet = 0
      }
      let now = engine.progress.load(ordering: .relaxed)
      defer { last = now }
      if worker.waitsForProcessor(in: engine, hasProgressed: now != last) { continue }
      for action in engine.onTick.withLock({ $0 }) { action() }
      if now == last { engine.wakeForWork() }
      if engine.isBlocked.load(ordering: .sequentiallyConsistent) {
        quiet += 1
        if quiet > Self.quietTicks { disarm(engine) }
      } else if now == last, engine.isUnattended {
        if resting.load(ordering: .sequentiallyConsistent) > 0 || engine.mayAddThread { return }
        engine.attend()
      } else {
        quiet = 0
      }
    }
  }

  private func disarm(_ engine: Engine) {
    isArmed.store(false, ordering: .sequentiallyConsistent)
    // A thread that has just left the kernel saw the watch armed and did not arm it itself.
    if !engine.isBlocked.load(ordering: .sequentiallyConsistent) { arm() }
  }

  private func waitUninterrupted(_ semaphore: UnsafeMutablePointer<sem_t>) {
    while sem_wait(semaphore) != 0 && errno == EINTR {}
  }
}

/// How much processor time the thread that works has had since something last moved, to tell a busy thread from one
/// that is not let run: another thread would not be either, and two that take turns at the same connections are slower
/// than one.
private struct WorkerTime {
  /// As much without progress is being busy, in nanoseconds.
  private static let busy: UInt64 = 400_000
  /// Then another one is tried all the same: nothing is certain about a machine so busy.
  private static let patience = 20

  private var thread: pid_t = 0
  private var timeAtProgress: UInt64 = 0
  private var ticksWithoutProgress = 0

  /// Called with every tick. Whether the thread wants to run, but has not had the time to get anywhere.
  mutating func waitsForProcessor(in engine: Engine, hasProgressed: Bool) -> Bool {
    let current = engine.latestWorker.load(ordering: .relaxed)
    let time = muster_thread_time(current)
    if hasProgressed || current != thread {
      thread = current
      timeAtProgress = time
      ticksWithoutProgress = 0
    } else {
      ticksWithoutProgress += 1
    }
    return !hasProgressed && engine.isUnattended && ticksWithoutProgress < Self.patience
      && time &- timeAtProgress < Self.busy && muster_thread_is_runnable(current)
  }
}

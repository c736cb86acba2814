import CMuster
import DequeModule
import Glibc
import Logging
import Synchronization

/// The executor that runs tasks and polls transports: one thread that runs ready jobs and, when there are none, waits
/// for the connections, so that no hop between threads lies on the path of a call.
///
/// Exactly one thread holds the polling role at a time; the others run jobs or sleep. One sleeping thread is the
/// watchdog (Watchdog.swift): it takes over within a millisecond where the working thread is busy in a user's code.
/// Measured and explained in docs/decisions/0001-engine.md.
// @unchecked: `pollState` is touched only by the holder of the polling role, which is handed on with
// acquire/release (`isPolling`); everything else is atomic, immutable or behind a Mutex.
final class Engine: TaskExecutor, @unchecked Sendable {
  static let maximumThreads = 64

  let poller = Poller()
  let logger: Logger
  private let spinNanoseconds: UInt64

  struct Shared {
    var jobs = Deque<UnownedJob>()
    var dirty: [any Flushable] = []
    var threads = 0
    var isStopped = false
  }
  let shared = Mutex(Shared())
  private let timers = Mutex(TimerQueue())
  /// The deadline of the earliest timer, for the spinning thread to compare without the lock.
  private let nextDeadline = Atomic<UInt64>(.max)

  /// Mirrors of `shared`'s counts, read without the lock.
  private let readyJobs = Atomic<Int>(0)
  private let dirtyCount = Atomic<Int>(0)

  private let isPolling = Atomic<Bool>(false)
  private let workingThreads = Atomic<Int>(0)
  /// The kernel's number of the thread that was the last to begin running jobs.
  let latestWorker = Atomic<pid_t>(0)
  /// The polling thread is asleep in the kernel, and whoever adds work must wake it.
  let isBlocked = Atomic<Bool>(false)
  /// Moves whenever anything happens (a job, a message, a poll): what stands still for a tick is busy in one place.
  let progress = Atomic<UInt64>(0)
  let watchdog = Watchdog()
  /// Called by the watchdog with every tick.
  let onTick = Mutex<[@Sendable () -> Void]>([])
  /// Called where no thread is left to run jobs: reads what is not being waited for because jobs would have read it.
  let onExhaustion = Mutex<[@Sendable () -> Void]>([])
  /// All threads are busy, and only the connections are attended to.
  let isExhausted = Atomic<Bool>(false)

  private struct PollState {
    var spin = SpinPolicy()
    var ready: [any IOSource] = []
    /// Connections that had input lately; looked at directly while spinning.
    var recent: [any IOSource] = []
    /// Looks at `recent` since all connections were looked at.
    var rounds = 0
    /// A job has looked for input in vain, and is suspended now.
    var hasLooked = false
  }
  private var pollState = PollState()
  /// Transports that have to be asked.
  private let transports = Mutex<[any PolledTransport]>([])
  private let transportCount = Atomic<Int>(0)

  /// - Parameter spin: how long a thread looks for input before it sleeps in the kernel.
  init(spin: Duration = .microseconds(80), logger: Logger) {
    self.logger = logger
    spinNanoseconds = UInt64(max(0, spin.nanoseconds))
    addThread()
    addThread()
  }

  // MARK: Executor

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    shared.withLock { shared in
      shared.jobs.append(job)
      readyJobs.store(shared.jobs.count, ordering: .sequentiallyConsistent)
    }
    noteWork()
  }

  /// There is something new to do. A thread of the Engine comes to it by itself; if it computes for long before that,
  /// the watchdog wakes another.
  private func noteWork() {
    if isCurrentThread { watchdog.arm() } else { wakeIfBlocked() }
  }

  /// Whether the calling thread is one of this Engine's.
  var isCurrentThread: Bool { muster_thread_engine() == identity }

  var identity: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

  /// Wakes the thread that sleeps in the kernel, if one does; once, however many call this before it is awake.
  func wakeIfBlocked() {
    guard isBlocked.load(ordering: .sequentiallyConsistent) else { return }
    if isBlocked.exchange(false, ordering: .sequentiallyConsistent) { poller.wake() }
  }

  /// Wakes the thread that sleeps if there is work, which those who are awake do not come to.
  func wakeForWork() {
    if hasWork { wakeIfBlocked() }
  }

  // MARK: What others ask of it

  /// Has `link` flushed when no job is ready, before the Engine waits.
  func flushSoon(_ link: any Flushable) {
    shared.withLock { shared in
      shared.dirty.append(link)
      dirtyCount.store(shared.dirty.count, ordering: .sequentiallyConsistent)
    }
    noteWork()
  }

  /// Tells the Engine that a source without a descriptor is ready.
  func signal(_ source: any IOSource) {
    poller.signal(source)
    wakeIfBlocked()
  }

  func add(_ transport: any PolledTransport) {
    transports.withLock { transports in
      transports.append(transport)
      transportCount.store(transports.count, ordering: .sequentiallyConsistent)
    }
    wakeIfBlocked()
  }

  func remove(_ transport: any PolledTransport) {
    transports.withLock { transports in
      transports.removeAll { $0 === transport }
      transportCount.store(transports.count, ordering: .sequentiallyConsistent)
    }
  }

  /// Asks the transports without descriptors. Under their lock, so that one which has been removed is not asked.
  private func pollTransports() -> Bool {
    guard transportCount.load(ordering: .relaxed) > 0 else { return false }
    return transports.withLock { transports in
      var moved = false
      for transport in transports where transport.poll() { moved = true }
      return moved
    }
  }

  /// Runs `action` on the polling thread after a while. It must be short.
  @discardableResult
  func schedule(after delay: Duration, _ action: @escaping @Sendable () -> Void) -> TimerQueue.ID {
    let deadline = muster_now() &+ UInt64(max(0, delay.nanoseconds))
    let id = timers.withLock { timers in
      let id = timers.add(at: deadline, action)
      nextDeadline.store(timers.nextDeadline ?? .max, ordering: .sequentiallyConsistent)
      return id
    }
    wakeIfBlocked()
    return id
  }

  func cancel(_ timer: TimerQueue.ID) {
    timers.withLock { timers in
      timers.cancel(timer)
      nextDeadline.store(timers.nextDeadline ?? .max, ordering: .sequentiallyConsistent)
    }
  }

  /// Ends all threads as soon as they are idle.
  func stop() {
    shared.withLock { $0.isStopped = true }
    watchdog.wakeAll(threads: Self.maximumThreads)
    poller.wake()
  }

  // MARK: Threads

  func addThread() {
    let number = shared.withLock { shared -> Int? in
      guard shared.threads < Self.maximumThreads, !shared.isStopped else { return nil }
      shared.threads += 1
      return shared.threads
    }
    guard let number else { return }
    if number > 2 { logger.debug("all engine threads are busy in user code: starting thread \(number)") }
    Thread.start(name: "muster-\(number)") { [self] in
      muster_set_thread_engine(identity)
      // The first thread works; every other begins by watching over those that do.
      if number > 1 { watchdog.rest(of: self) }
      run()
    }
  }

  private func run() {
    let executor = asUnownedTaskExecutor()
    let thread = muster_thread_id()
    while !isStopped {
      runReadyJobs(on: executor, thread)
      flushDirty()
      guard !isPolling.exchange(true, ordering: .acquiring) else {
        watchdog.rest(of: self)
        continue
      }
      waitForWork()
      isPolling.store(false, ordering: .releasing)
      watchdog.arm()
    }
  }

  private func runReadyJobs(on executor: UnownedTaskExecutor, _ thread: pid_t) {
    guard readyJobs.load(ordering: .acquiring) > 0 else { return }
    latestWorker.store(thread, ordering: .relaxed)
    workingThreads.wrappingAdd(1, ordering: .relaxed)
    defer { workingThreads.wrappingSubtract(1, ordering: .relaxed) }
    while let job = takeJob() {
      progress.wrappingAdd(1, ordering: .relaxed)
      job.runSynchronously(on: executor)
      // A handler that suspended leaves its receive loop unfinished: somebody else must go on receiving.
      if let loop = muster_current_loop() {
        let sequence = muster_current_sequence()
        muster_set_current_loop(nil, 0)
        Unmanaged<ServingLoop>.fromOpaque(loop).takeRetainedValue().handlerSuspended(sequence)
      }
    }
  }

  private func takeJob() -> UnownedJob? {
    guard readyJobs.load(ordering: .acquiring) > 0 else { return nil }
    return shared.withLock { shared in
      let job = shared.jobs.popFirst()
      readyJobs.store(shared.jobs.count, ordering: .sequentiallyConsistent)
      return job
    }
  }

  func flushDirty() {
    guard dirtyCount.load(ordering: .acquiring) > 0 else { return }
    let dirty = shared.withLock { shared in
      let taken = shared.dirty
      shared.dirty.removeAll(keepingCapacity: true)
      dirtyCount.store(0, ordering: .sequentiallyConsistent)
      return taken
    }
    for link in dirty { link.flush() }
  }

  // MARK: Waiting (holder of the polling role only)

  var hasReadyJobs: Bool { readyJobs.load(ordering: .relaxed) > 0 }

  private var hasWork: Bool {
    readyJobs.load(ordering: .sequentiallyConsistent) > 0 || dirtyCount.load(ordering: .sequentiallyConsistent) > 0
  }

  private func waitForWork() {
    progress.wrappingAdd(1, ordering: .relaxed)
    // Where another thread works the cores are better left to it and to the peers it works for.
    if !pollState.hasLooked, workingThreads.load(ordering: .relaxed) == 0, look() { return }
    pollState.hasLooked = false
    defer { isBlocked.store(false, ordering: .sequentiallyConsistent) }
    let start = muster_now()
    while true {
      isBlocked.store(true, ordering: .sequentiallyConsistent)
      if hasWork || poller.hasSignals || isStopped {
        poll(nanoseconds: 0)
        return
      }
      let deadline = nextDeadline.load(ordering: .sequentiallyConsistent)
      let now = muster_now()
      var limit = deadline == .max ? -1 : deadline > now ? Int64(clamping: deadline - now) : 0
      guard transportCount.load(ordering: .relaxed) > 0 else {
        poll(nanoseconds: limit)
        return
      }
      let pause = Int64(PollingPause.after(waiting: now - start))
      if pause == 0 { sched_yield() }
      limit = limit < 0 ? pause : min(limit, pause)
      if poll(nanoseconds: limit) { return }
    }
  }

  /// Receives in the middle of a job that waits for input, as long as spinning pays and nothing else is to be done: to
  /// suspend the job and resume it would cost a quarter of a whole call.
  ///
  /// - Returns: whether to look for what the job waits for; if not, it is to suspend.
  func receiveBriefly() -> Bool {
    // A served function that waits has to suspend: the requests behind it cannot be served before.
    guard isCurrentThread, muster_current_loop() == nil else { return false }
    // What the tasks that are ready have to send leaves together with what this one has sent.
    guard !hasReadyJobs, workingThreads.load(ordering: .relaxed) == 1 else { return false }
    flushDirty()
    guard !hasWork, !isPolling.exchange(true, ordering: .acquiring) else { return false }
    defer { isPolling.store(false, ordering: .releasing) }
    progress.wrappingAdd(1, ordering: .relaxed)
    let success = look()
    pollState.hasLooked = !success
    return success
  }

  /// Spins if that pays. Returns whether there is something to do.
  private func look() -> Bool {
    guard spinNanoseconds > 0, pollState.spin.shouldSpin() else { return false }
    let success = spin()
    pollState.spin.spun(successfully: success)
    return success
  }

  /// Looks for input without sleeping. Returns whether there is something to do.
  private func spin() -> Bool {
    let start = muster_now()
    while true {
      for source in pollState.recent where source.readable() { return true }
      if hasWork { return true }
      pollState.rounds &+= 1
      // The connections that were busy lately are asked directly (a recv that finds nothing costs half of what
      // finding out through epoll does when there is something); all others every few rounds.
      if pollState.rounds & 15 == 15 || pollState.recent.isEmpty, poll(nanoseconds: 0) { return true }
      let now = muster_now()
      if now >= nextDeadline.load(ordering: .relaxed) { return false }
      if now &- start > spinNanoseconds { return makeRoom() }
    }
  }

  /// Lets others have this core. If what is awaited comes by that, its sender is bound to this core or was put here by
  /// the kernel, which thinks that who waits does not work: then this thread goes to another, if it may. (Else each of
  /// the two would go on waking the other on the same core, for three times as long a call.)
  private func makeRoom() -> Bool {
    let start = muster_now()
    sched_yield()
    guard muster_now() &- start > Self.longestVainYield else { return false }
    for source in pollState.recent where source.readable() {
      muster_leave_core()
      return true
    }
    return false
  }

  /// Nanoseconds `sched_yield` may take where nobody else wants the core; it takes 300.
  private static let longestVainYield: UInt64 = 1_500

  @discardableResult
  private func poll(nanoseconds: Int64) -> Bool {
    let moved = pollTransports()
    poller.poll(nanoseconds: moved ? 0 : nanoseconds, ready: &pollState.ready)
    let busy = pollState.ready.filter(\.isBusy)
    if !busy.isEmpty { pollState.recent = Array(busy.prefix(2)) }
    let ran = runTimers()
    return moved || ran || !pollState.ready.isEmpty || hasWork
  }

  private func runTimers() -> Bool {
    let now = muster_now()
    guard now >= nextDeadline.load(ordering: .acquiring) else { return false }
    let due = timers.withLock { timers in
      let due = timers.takeDue(now: now)
      nextDeadline.store(timers.nextDeadline ?? .max, ordering: .sequentiallyConsistent)
      return due
    }
    for action in due { action() }
    return !due.isEmpty
  }

  // MARK: For the watchdog

  var isStopped: Bool { shared.withLock { $0.isStopped } }

  /// Whether some thread is at work and is not the one that waits for input.
  var isUnattended: Bool { !isPolling.load(ordering: .acquiring) }

  var mayAddThread: Bool { shared.withLock { $0.threads < Self.maximumThreads && !$0.isStopped } }

  /// Receives in the middle of a job that sends much, if nobody else does.
  func receiveIfUnattended() {
    guard !isPolling.exchange(true, ordering: .acquiring) else { return }
    poll(nanoseconds: 0)
    isPolling.store(false, ordering: .releasing)
  }

  /// Receives and sends without running jobs, because all threads are busy with some.
  func attend() {
    guard !isPolling.exchange(true, ordering: .acquiring) else { return }
    isExhausted.store(true, ordering: .relaxed)
    poll(nanoseconds: 0)
    for action in onExhaustion.withLock({ $0 }) { action() }
    isExhausted.store(false, ordering: .relaxed)
    isPolling.store(false, ordering: .releasing)
    flushDirty()
  }
}

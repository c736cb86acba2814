#if MPI
  import CMuster
  import DequeModule
  import Glibc
  import Muster
  import Synchronization

  /// The one thread that calls MPI where the thread level is FUNNELED. It does what others ask of it, runs the functions
  /// of `mpiDo`, and asks the transport for input in between.
  // @unchecked: the semaphore is thread-safe and lives as long as this object; everything else is behind a Mutex.
  final class MPIThread: TaskExecutor, @unchecked Sendable {
    private struct State: Sendable {
      var work = Deque<Work>()
      var transport: MPITransport?
    }

    private struct Work: Sendable {
      let body: @Sendable () -> Void
      /// Opened when the body has run and is not referred to any more.
      var done: Gate?
    }

    private let state = Mutex(State())
    private let wake: UnsafeMutablePointer<sem_t>
    private let thread = Atomic<Int32>(0)

    init() {
      wake = .allocate(capacity: 1)
      sem_init(wake, 0, 0)
      Thread.start(name: "muster-mpi") { [self] in serve() }
    }

    var isCurrent: Bool { thread.load(ordering: .relaxed) == muster_thread_id() }

    func poll(_ transport: MPITransport?) {
      state.withLock { $0.transport = transport }
      sem_post(wake)
    }

    func enqueue(_ job: consuming ExecutorJob) {
      let job = UnownedJob(job)
      let executor = asUnownedTaskExecutor()
      submit { job.runSynchronously(on: executor) }
    }

    /// Has `body` run on the thread, after what was submitted before.
    func submit(_ body: @escaping @Sendable () -> Void) { submit(Work(body: body)) }

    private func submit(_ work: Work) {
      state.withLock { $0.work.append(work) }
      sem_post(wake)
    }

    /// Runs `body` on the thread and waits for it.
    func run<Result: Sendable, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
      if isCurrent { return try body() }
      let done = Gate()
      let result = Mutex<Swift.Result<Result, Failure>?>(nil)
      withoutActuallyEscaping(body) { body in
        // Only one thread at a time has it: this one waits.
        nonisolated(unsafe) let body = body
        submit(
          Work(
            body: {
              let outcome = Swift.Result { () throws(Failure) in try body() }
              result.withLock { $0 = outcome }
            }, done: done))
        done.wait()
      }
      return try result.withLock { $0! }.get()
    }

    // MARK: The thread

    /// Does one piece of work, if there is any.
    private func work() -> Bool {
      let (hasRun, done) = takeAndRun()
      done?.open()
      return hasRun
    }

    /// When this returns nothing refers to the work any more, only to its gate.
    private func takeAndRun() -> (hasRun: Bool, done: Gate?) {
      guard let work = state.withLock({ $0.work.popFirst() }) else { return (false, nil) }
      work.body()
      return (true, work.done)
    }

    private func serve() {
      thread.store(muster_thread_id(), ordering: .relaxed)
      var idleSince = muster_now()
      while true {
        let hasWorked = work()
        let transport = state.withLock { $0.transport }
        if transport?.poll() ?? false || hasWorked {
          idleSince = muster_now()
          continue
        }
        let pause = transport == nil ? PollingPause.longest : PollingPause.after(waiting: muster_now() &- idleSince)
        if pause == 0 { sched_yield() } else { _ = muster_semaphore_wait(wake, pause) }
      }
    }
  }
#endif

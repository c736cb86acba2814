#if MPI
  import CMPI
  import Glibc
  import Synchronization

  /// Lets threads call MPI as its thread level allows.
  final class MPIAccess: Sendable {
    private enum Way {
      case anyThread
      case turn(MPITurn)
      case thread(MPIThread)
    }

    let level: ThreadLevel
    private let way: Way
    private let isOver = Atomic<Bool>(false)
    /// Calls of users' functions under way.
    private let calls = Atomic<Int>(0)

    /// - Parameter thread: who calls MPI where the level is FUNNELED.
    init(level: ThreadLevel, thread: MPIThread?) {
      self.level = level
      way = if let thread { .thread(thread) } else { level == .multiple ? .anyThread : .turn(MPITurn()) }
    }

    var thread: MPIThread? { if case .thread(let thread) = way { thread } else { nil } }

    /// Calls MPI when that may be done; until then the calling thread waits. That can be as long as a call of a user's
    /// takes, so no lock is to be held that others need.
    func callAsFunction<Result: Sendable, Failure: Error>(
      _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
      switch way {
      case .anyThread: try body()
      case .turn(let turn): try turn.run(body)
      case .thread(let thread): try thread.run(body)
      }
    }

    /// Calls MPI as soon as that may be done, after what was to be done before; nobody waits for it.
    func later(_ body: @escaping @Sendable () -> Void) {
      switch way {
      case .anyThread: body()
      case .turn(let turn): turn.submit(body)
      case .thread(let thread): thread.submit(body)
      }
    }

    /// Calls MPI if this thread may now. Nothing otherwise.
    @inline(__always)
    func ifFree<Result: Sendable>(_ body: () -> Result) -> Result? {
      switch way {
      case .anyThread: body()
      case .turn(let turn): turn.runIfFree(body)
      case .thread(let thread): thread.isCurrent ? body() : nil
      }
    }

    // MARK: Users' functions

    /// As `callAsFunction`, for a function that may still run while the process ends: nothing when MPI is being finalized.
    func unlessOver<Result: Sendable, Failure: Error>(
      _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result? {
      calls.wrappingAdd(1, ordering: .sequentiallyConsistent)
      defer { calls.wrappingSubtract(1, ordering: .sequentiallyConsistent) }
      guard !isOver.load(ordering: .sequentiallyConsistent) else { return nil }
      return try callAsFunction(body)
    }

    /// From now on users' functions get nothing from MPI. Waits for their calls under way, but not for one that may wait
    /// for ever.
    func end(atMost limit: Duration) {
      isOver.store(true, ordering: .sequentiallyConsistent)
      let end = ContinuousClock.now + limit
      while calls.load(ordering: .sequentiallyConsistent) > 0, ContinuousClock.now < end { usleep(100) }
    }
  }
#endif

#if MPI
  import CMPI
  import Synchronization

  /// Lets threads call MPI as its thread level allows.
  final class MPIAccess: Sendable {
    let level: ThreadLevel
    /// Who calls MPI where the level is FUNNELED.
    let thread: MPIThread?
    /// The one call of MPI that may be under way where the level is SERIALIZED.
    private let turn = Mutex(())

    init(level: ThreadLevel, thread: MPIThread?) {
      self.level = level
      self.thread = thread
    }

    @inline(__always)
    func callAsFunction<Result: Sendable, Failure: Error>(
      _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
      if level == .multiple { return try body() }
      if let thread { return try thread.run(body) }
      return try turn.withLock { _ throws(Failure) in try body() }
    }

    /// Runs `body`, which calls MPI several times, as a whole where MPI may be called: a lock that is held while another
    /// thread is waited for could be one that this thread wants.
    @inline(__always)
    func atOnce<Result: Sendable, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
      guard let thread else { return try body() }
      return try thread.run(body)
    }

    /// Nothing where another thread is calling MPI, or has to.
    @inline(__always)
    func ifFree<Result: Sendable>(_ body: () -> Result) -> Result? {
      if level == .multiple { return body() }
      if let thread { return thread.isCurrent ? body() : nil }
      return turn.withLockIfAvailable { _ in body() }
    }
  }
#endif

#if MPI
  import CMPI
  import Synchronization

  /// Lets threads call MPI as its thread level allows.
  final class MPIAccess: Sendable {
    let level: ThreadLevel
    /// The one call of MPI that may be under way where the level is not MULTIPLE.
    private let turn = Mutex(())

    init(level: ThreadLevel) { self.level = level }

    @inline(__always)
    func callAsFunction<Result: Sendable, Failure: Error>(
      _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
      if level == .multiple { return try body() }
      return try turn.withLock { _ throws(Failure) in try body() }
    }

    /// Nothing where another thread is calling MPI.
    @inline(__always)
    func ifFree<Result: Sendable>(_ body: () -> Result) -> Result? {
      if level == .multiple { return body() }
      return turn.withLockIfAvailable { _ in body() }
    }
  }
#endif

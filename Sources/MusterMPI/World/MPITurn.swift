#if MPI
  import CMuster
  import DequeModule
  import Synchronization

  /// The one call of MPI that may be under way where the thread level is SERIALIZED.
  ///
  /// A user's call may take as long as it likes. So nothing of Muster's waits for its turn: what is to be sent is done by
  /// whoever has it, before the next (`submit`), and who only looks for messages goes away.
  final class MPITurn: Sendable {
    private let turn = Mutex(())
    private let holder = Atomic<Int32>(0)
    private let submitted = Mutex(Deque<@Sendable () -> Void>())

    private var isOurs: Bool { holder.load(ordering: .relaxed) == muster_thread_id() }

    /// Waits for its turn.
    func run<Result: Sendable, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
      if isOurs { return try body() }
      defer { runSubmitted() }
      return try turn.withLock { _ throws(Failure) in
        holder.store(muster_thread_id(), ordering: .relaxed)
        defer { holder.store(0, ordering: .relaxed) }
        return try body()
      }
    }

    /// Nothing if it is the turn of somebody else.
    func runIfFree<Result: Sendable>(_ body: () -> Result) -> Result? {
      if isOurs { return body() }
      let result = turn.withLockIfAvailable { _ in
        holder.store(muster_thread_id(), ordering: .relaxed)
        defer { holder.store(0, ordering: .relaxed) }
        return body()
      }
      if result != nil { runSubmitted() }
      return result
    }

    /// Has `body` run, after what was submitted before, by this thread or by who has the turn now.
    func submit(_ body: @escaping @Sendable () -> Void) {
      submitted.withLock { $0.append(body) }
      runSubmitted()
    }

    /// Who has just given up the turn sees what was submitted while he had it: whoever submits asks for it afterwards.
    private func runSubmitted() {
      guard !isOurs else { return }
      while !submitted.withLock({ $0.isEmpty }) {
        let hasRun: Void? = turn.withLockIfAvailable { _ in
          holder.store(muster_thread_id(), ordering: .relaxed)
          defer { holder.store(0, ordering: .relaxed) }
          while let body = submitted.withLock({ $0.popFirst() }) { body() }
        }
        if hasRun == nil { return }
      }
    }
  }
#endif

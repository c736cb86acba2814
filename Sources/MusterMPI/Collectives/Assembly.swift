#if MPI
  import CMPI
  import Muster
  import Synchronization

  /// The ranks of one session make their communicator before those of the next do.
  ///
  /// Making it blocks in MPI until all have come, and where not every thread may call MPI at any time it keeps everything
  /// else from it. So two that were made by overlapping ranks in different orders would wait for each other. All of this
  /// is in the process that starts the sessions.
  enum Assembly {
    private static let turns = Turns()
    /// Who has not come yet.
    private static let missing = Mutex<[UInt64: Set<ProcessID>]>([:])

    static func begin(_ session: UInt64, _ pids: [ProcessID]) async throws {
      try await turns.take()
      missing.withLock { $0[session] = Set(pids) }
    }

    /// A process has its communicator, or has given up.
    static func hasArrived(_ pid: ProcessID, _ session: UInt64) {
      let isComplete = missing.withLock { missing in
        missing[session]?.remove(pid)
        guard missing[session]?.isEmpty == true else { return false }
        missing[session] = nil
        return true
      }
      if isComplete { turns.pass() }
    }

    /// The session is over, whoever has come.
    static func end(_ session: UInt64) {
      if missing.withLock({ $0.removeValue(forKey: session) }) != nil { turns.pass() }
    }
  }

  /// Says that a rank has the communicator of its session.
  struct HasCommunicator: RemoteAction {
    let session: UInt64
    let pid: ProcessID

    func callAsFunction() async throws { Assembly.hasArrived(pid, session) }
  }

  extension MPIWorld {
    /// A communicator of some ranks, made by those together; called by each of them.
    ///
    /// Making it blocks in MPI until all have come. So they come together first, by messages that nobody blocks for: until
    /// then a rank serves the cluster, over which the others learn that they are to come.
    func communicator(of ranks: [Int32], session: UInt64) async throws -> muster_mpi_communicator {
      try await assemble(ranks, session)
      var made = muster_mpi_communicator()
      let code = access { muster_mpi_create_group(users, ranks, Int32(ranks.count), Int32(session % 32_000), &made) }
      try Self.check(code, "MPI_Comm_create_group")
      return made
    }

    /// Each tells the first that it is there; the first tells each to go on, or not.
    private func assemble(_ ranks: [Int32], _ session: UInt64) async throws {
      let (here, answer) = (Int32(session % 16_000) * 2, Int32(session % 16_000) * 2 + 1)
      let word = NumberBuffer<UInt8>([1])
      guard rank == ranks[0] else {
        try await exchange { muster_mpi_isend(nil, 0, ranks[0], here, users, &$0) }
        // Not to be cancelled: the first answers in any case, and might count on us.
        try await exchange { muster_mpi_irecv(word.address, 1, ranks[0], answer, users, &$0) }
        if word.array == [0] { throw CancellationError() }
        return
      }
      var areAllHere = true
      for other in ranks.dropFirst() where areAllHere {
        areAllHere = try await exchange(isCancellable: true) { muster_mpi_irecv(nil, 0, other, here, users, &$0) }
      }
      let result = NumberBuffer<UInt8>([areAllHere ? 1 : 0])
      for other in ranks.dropFirst() {
        try await exchange { muster_mpi_isend(result.address, 1, other, answer, users, &$0) }
      }
      if !areAllHere { throw CancellationError() }
    }

    @discardableResult
    private func exchange(
      isCancellable: Bool = false, start: (inout muster_mpi_request) -> Int32
    ) async throws -> Bool {
      var request = muster_mpi_request()
      guard let code = access.unlessOver({ start(&request) }) else { throw CancellationError() }
      try Self.check(code, "mpiDo")
      let hasCompleted = try await access.wait(for: request, "mpiDo", isCancellable: isCancellable)
      if !hasCompleted, !isCancellable { throw CancellationError() }
      return hasCompleted
    }

    func free(_ handle: CommunicatorHandle) {
      guard !handle.isAbandoned.load(ordering: .relaxed) else { return }
      var communicator = handle.value
      _ = access.unlessOver { muster_mpi_free(&communicator) }
    }
  }
#endif

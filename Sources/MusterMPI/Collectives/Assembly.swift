#if MPI
  import CMPI
  import Muster
  import Synchronization

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
      try Self.check(access { start(&request) }, "mpiDo")
      return try await access.wait(for: request, "mpiDo", isCancellable: isCancellable)
    }

    func free(_ handle: CommunicatorHandle) {
      guard !handle.isAbandoned.load(ordering: .relaxed) else { return }
      var communicator = handle.value
      _ = access { muster_mpi_free(&communicator) }
    }
  }
#endif

#if MPI
  import CMPI
  import Glibc
  import Muster
  import MusterMPI

  /// Every operation, with results that can be computed by hand.
  struct EveryOperation: MPIFunction {
    func callAsFunction(_ communicator: MPICommunicator) async throws -> Int {
      let (rank, size) = (communicator.rank, communicator.size)
      try await communicator.barrier()
      var told = rank == size - 1 ? [3.5, 4.5] : [0, 0]
      try await communicator.broadcast(&told, root: size - 1)
      try check(told, is: [3.5, 4.5], "broadcast")
      let sum = try await communicator.allreduce([Int32(rank), 1], .sum)
      try check(sum, is: [Int32(size * (size - 1) / 2), Int32(size)], "allreduce")
      let greatest = try await communicator.reduce([UInt8(rank)], .max, root: 0)
      try check(greatest, is: rank == 0 ? [UInt8(size - 1)] : nil, "reduce")
      let product = try await communicator.allreduce([Float(2)], .product)
      try check(product, is: [(0..<size).reduce(Float(1)) { value, _ in value * 2 }], "product")
      let all = try await communicator.gather([rank, -rank], root: size - 1)
      try check(all, is: rank == size - 1 ? (0..<size).map { [$0, -$0] } : nil, "gather")
      let shifted = try await communicator.sendrecv(
        [Int64(rank)], to: (rank + 1) % size, from: (rank + size - 1) % size)
      try check(shifted, is: [Int64((rank + size - 1) % size)], "sendrecv")
      // Large enough that it does not leave at once.
      let large = try await communicator.allreduce([Double](repeating: 1, count: 300_000), .sum)
      try check(large == [Double](repeating: Double(size), count: 300_000), is: true, "a large allreduce")
      // MPI's own functions.
      let counted = communicator.withMPI { handle in
        var own: Int32 = Int32(rank)
        var total: Int32 = 0
        MPI_Allreduce(&own, &total, 1, Int32.datatype, MPIReduction.sum.operation, handle)
        return total
      }
      try check(counted, is: Int32(size * (size - 1) / 2), "a call of MPI's own")
      return size
    }
  }

  struct FailOnOdd: MPIFunction {
    func callAsFunction(_ communicator: MPICommunicator) throws -> Nothing {
      if communicator.rank % 2 == 1 { throw Complaint(description: "rank \(communicator.rank)") }
      return Nothing()
    }
  }

  /// Rank 1 throws, the others wait for it.
  struct OneDoesNotArrive: MPIFunction {
    func callAsFunction(_ communicator: MPICommunicator) async throws -> Nothing {
      if communicator.rank == 1 { throw Complaint(description: "not coming") }
      try await communicator.barrier()
      return Nothing()
    }
  }

  /// Rank 1 waits for a word of process 1 before it comes.
  struct OneIsLate: MPIFunction {
    let word: RemoteChannel<Int>
    func callAsFunction(_ communicator: MPICommunicator) async throws -> Nothing {
      if communicator.rank == 1 { _ = try await word.take() }
      try await communicator.barrier()
      return Nothing()
    }
  }

  /// `mpirun -n N MPIPrograms mpido mpiTransportAll level`
  func mpido(_ arguments: [String]) async throws {
    let manager = try await startMainLoop(try transport(arguments), threadLevel: threadLevel(arguments, 1))
    let size = manager.size
    for _ in 0..<3 {
      try check(try await mpiDo(manager, EveryOperation()), is: [Int](repeating: size, count: size), "mpiDo")
    }
    // While Muster's own messages come and go.
    async let calls = pmap(Increment(), 1...2_000)
    try check(try await mpiDo(manager, EveryOperation()).count, is: size, "mpiDo beside calls")
    try check(try await calls.count, is: 2_000, "calls beside mpiDo")

    do {
      try await mpiDo(manager, FailOnOdd())
      try check(size, is: 1, "the ranks of which none failed")
    } catch let error as CompositeError {
      try check(error.errors.count, is: size / 2, "the number of errors")
      for (index, error) in error.errors.enumerated() {
        try check("\(error)".contains("rank \(2 * index + 1)"), is: true, "the order of the errors")
      }
    }
    if size > 2 {
      // Two at a time, which wait for each other if they have to.
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<4 {
          group.addTask {
            try check(try await mpiDo(manager, on: 2, EveryOperation()), is: [2, 2], "mpiDo on two ranks")
          }
        }
        try await group.waitForAll()
      }
      try check(try await pmap(Increment(), 1...100).count, is: 100, "calls after that")
    }
    do {
      try await mpiDo(manager, on: size + 1, EveryOperation())
      throw Complaint(description: "more ranks than there are")
    } catch let error as ClusterError { try check(error.code, is: .invalidArgument, "the error") }
    try await stopMainLoop(manager)
    print("passed: \(manager.threadLevel)")
  }

  /// How many functions of `mpiDo` run in a process.
  struct RunningFunctions: RemoteThunk {
    func callAsFunction() -> Int { Presence.count }
  }

  /// What is said when a rank does not come: `mpirun -n N MPIPrograms absent mpiTransportAll`
  func absent(_ arguments: [String]) async throws {
    let manager = try await startMainLoop(try transport(arguments))
    let word = RemoteChannel<Int>()
    async let late = mpiDo(manager, OneIsLate(word: word), patience: .milliseconds(300))
    // More than the warnings need; what they say is in the output.
    try await Task.sleep(for: .seconds(1))
    try await word.put(1)
    try check(try await late.count, is: manager.size, "the ranks that came in the end")
    do {
      try await mpiDo(manager, OneDoesNotArrive(), patience: .milliseconds(300))
      throw Complaint(description: "nobody missed rank 1")
    } catch let error as CompositeError {
      try check(error.errors.count, is: 1, "the number of errors")
      try check("\(error)".contains("not coming"), is: true, "the error is that of rank 1")
    }
    for pid in procs() {
      try check(try await remotecallFetch(RunningFunctions(), on: pid), is: 0, "what still runs on \(pid)")
    }
    try check(try await mpiDo(manager, EveryOperation()).count, is: manager.size, "mpiDo after that")
    try await stopMainLoop(manager)
    print("passed")
  }
#endif

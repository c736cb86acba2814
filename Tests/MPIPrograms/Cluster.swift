#if MPI
  import Glibc
  import Muster
  import MusterMPI

  struct WhoAmI: RemoteThunk {
    func callAsFunction() -> ProcessID { myid() }
  }

  /// The rank as MPI itself counts it, in a function of `mpiDo`.
  struct OwnRank: MPIFunction {
    func callAsFunction(_ communicator: MPICommunicator) -> RankAndProcess {
      RankAndProcess(rank: communicator.rank, pid: myid())
    }
  }

  struct RankAndProcess: Codable, Sendable, Equatable {
    let rank: Int
    let pid: ProcessID
  }

  /// Asks another process who it is.
  struct Ask: RemoteFunction {
    func callAsFunction(_ pid: ProcessID) async throws -> ProcessID { try await remotecallFetch(WhoAmI(), on: pid) }
  }

  struct Squared: RemoteLoopBody {
    func callAsFunction(_ i: Int) -> Int { i * i }
  }

  struct Fail: RemoteThunk {
    let message: String
    func callAsFunction() throws -> Nothing { throw Complaint(description: message) }
  }

  struct PutAll: RemoteFunction {
    let channel: RemoteChannel<Int>
    func callAsFunction(_ count: Int) async throws -> Nothing {
      for value in 0..<count { try await channel.put(value) }
      try await channel.close()
      return Nothing()
    }
  }

  /// The acceptance checks of MPI, and some of the core's, on a cluster that is there.
  func checkCluster(_ manager: some MPIRanks, size: Int) async throws {
    let isAlone = workers() == [1]
    try check(mpiprocs(manager).count, is: size, "the number of ranks")

    let ranks = try await mpiDo(manager, OwnRank())
    try check(ranks.map(\.rank), is: Array(0..<size), "the ranks")
    try check(ranks.map { manager.rank(of: $0.pid) }, is: (0..<size).map { $0 }, "rank(of:)")
    try check(ranks.map { manager.pid(of: $0.rank) }, is: ranks.map { $0.pid }, "pid(of:)")

    try check(
      try await distributed(1...10, reduce: Sum(), Squared()), is: 385, "the sum of the squares")
    for pid in workers() {
      try check(try await remotecallFetch(WhoAmI(), on: pid), is: pid, "who answers")
      let future = try await remotecall(Increment(), on: pid, 41)
      try check(try await future.fetch(), is: 42, "what a future holds")
    }
    // Every worker calls every other.
    for pid in workers() where !isAlone {
      for other in procs() {
        try check(try await remotecallFetch(Ask(), on: pid, other), is: other, "whom \(pid) reached")
      }
    }
    try check(try await pmap(Increment(), 1...500), is: Array(2...501), "the map")
    try check(try await pmap(Increment(), 1...5_000, batchSize: 50), is: Array(2...5_001), "the map in batches")

    let last = workers().last!
    let values = (0..<1_500_000).map { Double($0) }
    try check(try await remotecallFetch(Echo(), on: last, values), is: values, "12 MB there and back")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<10 {
        group.addTask {
          let values = (0..<200_000).map { Double($0 + task) }
          for pid in workers() {
            try check(try await remotecallFetch(Echo(), on: pid, values), is: values, "1.6 MB of task \(task)")
          }
        }
      }
      try await group.waitForAll()
    }

    let channel = RemoteChannel<Int>(capacity: 4, on: last)
    let putting = try await remotecall(PutAll(channel: channel), on: workers().first!, 1_000)
    var next = 0
    for try await value in channel {
      try check(value, is: next, "the order of the channel")
      next += 1
    }
    try check(next, is: 1_000, "the number of values")
    try await putting.wait()

    do {
      _ = try await remotecallFetch(Fail(message: "foobar"), on: last)
      throw Complaint(description: "nothing was thrown")
    } catch let error as RemoteError {
      try check(error.pid, is: last, "whose error it is")
      try check("\(error)".contains("foobar"), is: true, "the error says what was thrown")
    }
    try check(try await remotecallFetch(WhoAmI(), on: last), is: last, "who answers after that")
  }

  /// `mpirun -n N MPIPrograms cluster mpiTransportAll [multiple|serialized|funneled]`
  func cluster(_ arguments: [String]) async throws {
    let manager = try await startMainLoop(try transport(arguments), threadLevel: threadLevel(arguments, 1))
    try check(nprocs(), is: manager.size, "the number of processes")
    try check(procs(), is: (1...manager.size).map { ProcessID($0) }, "the processes")
    try await checkCluster(manager, size: manager.size)
    try await stopMainLoop(manager)
    try check(nprocs(), is: 1, "the number of processes at the end")
    print("passed: \(manager), \(manager.threadLevel)")
  }

  func threadLevel(_ arguments: [String], _ index: Int) -> ThreadLevel {
    switch index < arguments.count ? arguments[index] : "multiple" {
    case "funneled": .funneled
    case "serialized": .serialized
    default: .multiple
    }
  }

  /// A program that does not say that it ends.
  func returns(_ arguments: [String]) async throws {
    let manager = try await startMainLoop(try transport(arguments))
    print("passed: \(try await pmap(Increment(), 1...manager.size).count)")
  }

  /// A program that fails.
  func fails(_ arguments: [String]) async throws {
    _ = try await startMainLoop(try transport(arguments))
    throw Complaint(description: "on purpose")
  }

  /// `MPIPrograms workers N mpirun flags…`: process 1 is outside of MPI.
  func workersOf(_ arguments: [String]) async throws {
    let count = Int(arguments[0])!
    let manager = MPIWorkerManager(count, mpiexec: arguments[1], flags: Array(arguments.dropFirst(2)))
    let pids = try await addprocs(manager)
    try check(pids.count, is: count, "the number of workers")
    try check(mpiprocs(manager), is: pids, "the ranks' processes")
    try await checkCluster(manager, size: count)
    try await rmprocs(pids)
    try check(nprocs(), is: 1, "the number of processes at the end")
    print("passed: \(manager)")
  }
#endif

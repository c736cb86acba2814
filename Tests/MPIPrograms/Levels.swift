#if MPI
  import CMPI
  import Glibc
  import Muster
  import MusterMPI

  // What is different where not every thread may call MPI at any time.

  /// Rank 1 waits in MPI itself until rank 0 sends, which waits for a word of process 1 before.
  struct WaitInMPI: MPIFunction {
    let word: RemoteChannel<Int>
    func callAsFunction(_ communicator: MPICommunicator) async throws -> Int {
      if communicator.rank == 0 {
        let value = try await word.take()
        communicator.withMPI { handle in
          var value = Int32(value)
          MPI_Send(&value, 1, Int32.datatype, 1, 7, handle)
        }
        return value
      }
      return communicator.withMPI { handle in
        var value: Int32 = 0
        MPI_Recv(&value, 1, Int32.datatype, 0, 7, handle, muster_mpi_status_ignore())
        return Int(value)
      }
    }
  }

  /// `mpirun -n 2 MPIPrograms silent level`: a rank that waits in MPI for longer than the heartbeats may is not declared
  /// dead, and it is said where it waits.
  func silent(_ arguments: [String]) async throws {
    let timeout = Duration.milliseconds(900)
    var options = AddprocsOptions()
    options.heartbeatTimeout = timeout
    let manager = try await startMainLoop(
      .mpiTransportAll, threadLevel: threadLevel(arguments, 0), options: options)
    let word = RemoteChannel<Int>()
    async let results = mpiDo(manager, WaitInMPI(word: word), patience: .milliseconds(500))
    try await Task.sleep(for: timeout * 4)
    try await word.put(42)
    try check(try await results, is: [42, 42], "what was sent in the end")
    try check(procs().count, is: 2, "the processes")
    try await stopMainLoop(manager)
    print("passed")
  }

  /// `mpirun -n 2 MPIPrograms stopped level`: a rank that is stopped is declared dead, and the job ends with an error.
  func stopped(_ arguments: [String]) async throws {
    var options = AddprocsOptions()
    options.heartbeatTimeout = .milliseconds(900)
    _ = try await startMainLoop(.mpiTransportAll, threadLevel: threadLevel(arguments, 0), options: options)
    async let stopping = remotecallFetch(Die(signal: SIGSTOP), on: 2)
    do {
      // What is being sent when it is given up.
      _ = try await remotecallFetch(Echo(), on: 2, [Double](repeating: 1, count: 4 << 20))
    } catch let error as ProcessExitedError { print("lost: \(error)") }
    _ = try? await stopping
  }

  /// Rank 1 computes, and then calls process 1, from the thread that calls MPI.
  struct ComputeAndCall: MPIFunction {
    func callAsFunction(_ communicator: MPICommunicator) async throws -> ProcessID {
      guard communicator.rank == 1 else { return 1 }
      // Not to be suspended: it is to be busy.
      usleep(1_000_000)
      return try await remotecallFetch(WhoAmI(), on: 1)
    }
  }

  /// `mpirun -n 2 MPIPrograms funnel level`: other threads send to process 1 while the one that calls MPI computes, which
  /// then sends there, too.
  func funnel(_ arguments: [String]) async throws {
    let manager = try await startMainLoop(.mpiTransportAll, threadLevel: threadLevel(arguments, 0))
    let channel = RemoteChannel<Int>(capacity: 1)
    let putting = try await remotecall(PutAll(channel: channel), on: 2, 1_000)
    async let ranks = mpiDo(manager, ComputeAndCall(), patience: .milliseconds(100))
    var next = 0
    for try await value in channel {
      try check(value, is: next, "the order of the channel")
      next += 1
    }
    try await putting.wait()
    try check(try await ranks, is: [1, 1], "whom rank 1 reached")
    try await stopMainLoop(manager)
    print("passed")
  }

  struct OneBarrier: MPIFunction {
    func callAsFunction(_ communicator: MPICommunicator) async throws -> Nothing {
      try await communicator.barrier()
      return Nothing()
    }
  }

  /// `mpirun -n 3 MPIPrograms overlapping level`: runs on the same ranks, begun at once.
  func overlapping(_ arguments: [String]) async throws {
    let manager = try await startMainLoop(.mpiTransportAll, threadLevel: threadLevel(arguments, 0))
    for _ in 0..<300 {
      async let all = mpiDo(manager, OneBarrier())
      async let some = mpiDo(manager, on: 2, OneBarrier())
      try check(try await (all.count, some.count) == (3, 2), is: true, "the numbers of ranks")
    }
    try await stopMainLoop(manager)
    print("passed")
  }

  /// `mpirun -n 2 MPIPrograms level wanted`: what was asked for is what is used.
  func level(_ arguments: [String]) async throws {
    let manager = try await startMainLoop(.mpiTransportAll, threadLevel: threadLevel(arguments, 0))
    print(manager.plan)
    try await stopMainLoop(manager)
    print("passed: \(manager.threadLevel)")
  }

  /// `mpirun -n 1 MPIPrograms initialised wanted`: the program has initialised MPI for its own thread.
  func initialised(_ arguments: [String]) async throws {
    var provided: Int32 = 0
    MPI_Init_thread(nil, nil, Int32(MPI_THREAD_FUNNELED), &provided)
    guard provided == Int32(MPI_THREAD_FUNNELED) else {
      MPI_Finalize()
      return print("passed: this MPI gives more than it is asked for")
    }
    do {
      _ = try await startMainLoop(.mpiTransportAll, threadLevel: threadLevel(arguments, 0))
      throw Complaint(description: "any thread calls MPI")
    } catch let error as ClusterError {
      try check(error.code, is: .launchFailed, "the error")
      print("passed: \(error)")
    }
    MPI_Finalize()
  }

  // MARK: Cancelled functions

  /// Rank 0 is cancelled before it sends what leaves later; rank 1 looks whether something comes.
  struct SendAfterCancellation: MPIFunction {
    func callAsFunction(_ communicator: MPICommunicator) async throws -> Bool {
      if communicator.rank == 0 {
        withUnsafeCurrentTask { $0?.cancel() }
        let values = [Double](repeating: 1, count: 1 << 19)
        do {
          _ = try await communicator.sendrecv(values, to: 1, from: 1)
          return false
        } catch is CancellationError { return true }
      }
      var (found, rounds): (Int32, Int) = (0, 0)
      while found == 0, rounds < 200 {
        _ = communicator.withMPI { handle in MPI_Iprobe(0, 0, handle, &found, muster_mpi_status_ignore()) }
        rounds += 1
        try await Task.sleep(for: .milliseconds(1))
      }
      return found == 0
    }
  }

  /// `mpirun -n 2 MPIPrograms sendrecv`: a cancelled function sends nothing from memory that it gives up.
  func sendrecv(_ arguments: [String]) async throws {
    let manager = try await startMainLoop(.mpiTransportAll, threadLevel: threadLevel(arguments, 0))
    try check(try await mpiDo(manager, SendAfterCancellation()), is: [true, true], "cancelled, and nothing sent")
    try await stopMainLoop(manager)
    print("passed")
  }

  /// `MPIPrograms twice mpirun flags…`: a manager is one job at a time.
  func twice(_ arguments: [String]) async throws {
    let manager = MPIWorkerManager(1, mpiexec: arguments[0], flags: Array(arguments.dropFirst()))
    let first = try await addprocs(manager)
    do {
      _ = try await addprocs(manager)
      throw Complaint(description: "the first job is forgotten")
    } catch let error as ClusterError { try check(error.code, is: .invalidArgument, "the error") }
    try check(mpiprocs(manager), is: first, "the ranks after that")
    try await rmprocs(first)
    let second = try await addprocs(manager)
    try check(try await mpiDo(manager, OwnRank()).map(\.pid), is: second, "the ranks of the second job")
    try await rmprocs(second)
    print("passed")
  }
#endif

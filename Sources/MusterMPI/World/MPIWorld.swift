#if MPI
  import CMPI
  import Glibc
  import Muster
  import Synchronization

  /// MPI in this process: initialised once, finalized once.
  // @unchecked: the communicators' handles are only read; everything else is behind a Mutex.
  final class MPIWorld: @unchecked Sendable {
    /// MPI itself is one for the process: it can be initialised once.
    private static let shared = Mutex<MPIWorld?>(nil)

    static var current: MPIWorld? { shared.withLock { $0 } }

    let rank: Int32
    let size: Int32
    let access: MPIAccess
    let transport: MPITransport
    /// Of every rank.
    let places: [RankPlace]
    /// For what Muster says to all ranks at the beginning and the end.
    let control: muster_mpi_communicator
    /// For what users' functions say to each other.
    let users: muster_mpi_communicator
    private let isFinished = Mutex(false)
    private let watch = RankWatch()
    private let isOverMPI = Atomic<Bool>(false)
    /// The ranks that have said that they are about to end.
    let leaving = Mutex<Set<Int32>>([])

    var level: ThreadLevel { access.level }

    /// It has been or is being finalized.
    var isOver: Bool { isFinished.withLock { $0 } }

    /// Initialises MPI, unless the program has; called by all ranks.
    ///
    /// - Throws: `ClusterError` `.launchFailed` if this MPI cannot be used by several threads.
    static func start(_ level: ThreadLevel) throws -> MPIWorld {
      try shared.withLock { world in
        if let world { return world }
        let made = try MPIWorld(level)
        world = made
        atexit { MPIWorld.current?.finish() }
        return made
      }
    }

    private init(_ wanted: ThreadLevel) throws {
      access = try Self.initialise(wanted)
      let world = muster_mpi_world()
      let access = access
      (rank, size) = access { (muster_mpi_rank(world), muster_mpi_size(world)) }
      control = try Self.duplicate(world, access)
      users = try Self.duplicate(world, access)
      transport = MPITransport(communicator: try Self.duplicate(world, access), access: access)
      let (own, control) = (RankPlace.current.bytes, control)
      nonisolated(unsafe) var all = [UInt8](repeating: 0, count: Int(size) * RankPlace.size)
      try Self.check(
        access { muster_mpi_allgather(own, Int32(RankPlace.size), &all, control) }, "MPI_Allgather")
      places = (0..<Int(size)).map { RankPlace(all[($0 * RankPlace.size)..<(($0 + 1) * RankPlace.size)]) }
      watch.start(self)
    }

    private static func initialise(_ wanted: ThreadLevel) throws -> MPIAccess {
      // The thread that initialises MPI is the only one that may call it.
      let thread = wanted == .funneled ? MPIThread() : nil
      let provided = try MPIAccess(level: wanted, thread: thread)() { () throws(ClusterError) in
        var (isInitialised, provided): (Int32, Int32) = (0, 0)
        MPI_Initialized(&isInitialised)
        if isInitialised == 0 {
          try check(MPI_Init_thread(nil, nil, wanted.code, &provided), "MPI_Init_thread")
        } else {
          try check(MPI_Query_thread(&provided), "MPI_Query_thread")
          try requireAnyThread(provided)
        }
        return provided
      }
      guard let level = ThreadLevel(code: provided), level > .funneled || thread != nil else {
        throw ClusterError(
          .launchFailed,
          "startMainLoop: this MPI gives \(ThreadLevel(code: provided)?.description ?? "MPI_THREAD_SINGLE"), and "
            + "\(wanted) was asked for: ask for \(ThreadLevel.funneled) (threadLevel: .funneled)")
      }
      return MPIAccess(level: min(level, wanted), thread: thread)
    }

    /// The program has initialised MPI: where only the thread that did may call it, none of ours may.
    private static func requireAnyThread(_ provided: Int32) throws(ClusterError) {
      if let level = ThreadLevel(code: provided), level >= .serialized { return }
      throw ClusterError(
        .launchFailed,
        "startMainLoop: the program has initialised MPI so that only its own thread may call it: initialise it with "
          + "\(ThreadLevel.serialized) or \(ThreadLevel.multiple), or leave it to startMainLoop")
    }

    /// Begins to receive over MPI.
    func startTransport() {
      isOverMPI.store(true, ordering: .relaxed)
      transport.listen { processMessages($0) }
      if let thread = access.thread { thread.poll(transport) } else { addPolledTransport(transport) }
    }

    // MARK: Collectively, at the beginning

    /// What rank 0 says, to all.
    func broadcast(_ bytes: [UInt8]) throws -> [UInt8] {
      var count = Int64(bytes.count)
      try Self.check(access { muster_mpi_broadcast(&count, 8, 0, control) }, "MPI_Bcast")
      var bytes = rank == 0 ? bytes : [UInt8](repeating: 0, count: Int(count))
      try Self.check(access { muster_mpi_broadcast(&bytes, Int32(count), 0, control) }, "MPI_Bcast")
      return bytes
    }

    // MARK: The end

    /// Ends all connections, waits for all ranks to come to the same point, and finalizes MPI; once.
    func finish() {
      let isFirst = isFinished.withLock { isFinished in
        defer { isFinished = true }
        return !isFinished
      }
      guard isFirst else { return }
      watch.stop()
      access.end(atMost: .seconds(1))
      if rank != 0 { sayLeaving() }
      // Who has been lost comes to no barrier: then nobody waits, and MPI ends the job.
      guard !hasLostRanks else { return }
      // What others still open ends at once, and calls MPI no more.
      transport.listen { $0.close() }
      transport.closeAll()
      var request = muster_mpi_request()
      guard access({ muster_mpi_ibarrier(control, &request) }) == MPI_SUCCESS else { return }
      // Meanwhile others may still be sending: what they send is received and thrown away.
      transport.wait(atMost: .seconds(3600)) { access { muster_mpi_test(&request) } != 0 && transport.hasSentAll }
      if let thread = access.thread { thread.poll(nil) } else { removePolledTransport(transport) }
      transport.end()
      _ = access { MPI_Finalize() }
    }

    /// Over MPI a rank has said that it leaves before its connections end; where it could not say so is known to rank 0.
    private var hasLostRanks: Bool {
      let lost = lostProcesses().map { Int32($0.rawValue - 1) }
      guard isOverMPI.load(ordering: .relaxed) else { return !lost.isEmpty }
      guard rank == 0 else { return false }
      hearLeaving()
      return leaving.withLock { leaving in lost.contains { !leaving.contains($0) } }
    }

    // MARK: How it is called

    private static func duplicate(
      _ communicator: muster_mpi_communicator, _ access: MPIAccess
    ) throws -> muster_mpi_communicator {
      var copy = muster_mpi_communicator()
      try check(access { muster_mpi_duplicate(communicator, &copy) }, "MPI_Comm_dup")
      return copy
    }

    static func check(_ code: Int32, _ function: String) throws(ClusterError) {
      guard code != MPI_SUCCESS else { return }
      throw ClusterError(.launchFailed, "\(function): \(describe(mpi: code))")
    }
  }
#endif

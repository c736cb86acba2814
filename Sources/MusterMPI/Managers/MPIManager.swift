#if MPI
  import Glibc
  import Muster

  /// The workers of a program that was started by `mpirun` or `srun` as many ranks: those from 1 on.
  ///
  /// Made by `startMainLoop`; rank 0 is process 1.
  public final class MPIManager: MPIRanks, CustomStringConvertible {
    /// How the processes talk to each other.
    public enum Transport: String, Sendable {
      /// Over MPI, also between workers: as fast as the machine's network.
      case mpiTransportAll
      /// Over TCP or Unix sockets; MPI has started the processes, and is there for `mpiDo`.
      case tcpTransportAll
    }

    private static let exitTimeout: Duration = .seconds(10)

    public let transport: Transport
    let world: MPIWorld

    init(_ world: MPIWorld, _ transport: Transport) {
      self.world = world
      self.transport = transport
    }

    public var description: String { "MPIManager(\(world.size) ranks, \(transport.rawValue))" }

    /// What threads may call this MPI.
    public var threadLevel: ThreadLevel { world.level }

    /// Below MPI_THREAD_MULTIPLE there are sockets besides MPI, for heartbeats while a user's call keeps MPI.
    var usesSockets: Bool { transport == .tcpTransportAll || world.level < .multiple }

    /// What came of the job, for a log: whose MPI it is and which threads may call it, and where each rank runs.
    public var plan: String {
      let library = mpiLibraryVersion().prefix { $0 != "," && $0 != "\n" }
      let headline = "\(self): \(library) gives \(threadLevel): \(threadLevel.meaning)"
      let lines = world.places.enumerated().map { rank, place in
        "rank \(rank) is process \(rank + 1), number \(place.ospid) on \(place.host)"
      }
      return ([headline] + lines).joined(separator: "\n")
    }

    // MARK: Ranks

    /// How many ranks there are, process 1 included.
    public var size: Int { Int(world.size) }

    /// Numbers begin with 1, ranks with 0.
    public var mpiprocs: [ProcessID] { (1...size).map { ProcessID($0) } }

    // MARK: Starting

    public func workerCount() throws -> Int { size - 1 }

    public func needsNetwork(_ options: AddprocsOptions) -> Bool {
      usesSockets && world.places.contains { $0.node != world.places[0].node }
    }

    /// They run already: what is left is to connect to them.
    public func launch(_ request: LaunchRequest) async throws {
      for (index, worker) in request.workers.enumerated() {
        let rank = index + 1
        var config = WorkerConfig()
        config.host = world.places[rank].host
        config.ospid = world.places[rank].ospid
        switch transport {
        case .mpiTransportAll: config.connectAt = .custom("mpi:\(rank)")
        case .tcpTransportAll: try world.send(request.invitation(for: worker), to: Int32(rank))
        }
        request.started(worker, config)
      }
    }

    public func connect(_ pid: ProcessID, _ config: WorkerConfig) async throws -> (any Connection)? {
      guard case .mpiTransportAll = transport else { return nil }
      guard case .custom(let address) = config.connectAt ?? (pid == 1 ? .custom("mpi:0") : nil),
        address.hasPrefix("mpi:"), let rank = Int32(address.dropFirst("mpi:".count)), (0..<world.size).contains(rank)
      else { throw ClusterError(.notConnected, "process \(pid) is no rank of this MPI job", worker: pid) }
      return try world.transport.connect(to: rank)
    }

    /// A rank ends with all others, that is MPI; until then it waits, and is no worker any more.
    public func kill(_ pid: ProcessID, _ config: WorkerConfig) async throws {
      // One that has died says nothing any more.
      guard let rank = rank(of: pid), !lostProcesses().contains(pid) else { return }
      if await !world.waitUntilLeaving(Int32(rank), atMost: Self.exitTimeout) {
        say("muster: rank \(rank) (process \(pid)) does not end \(Self.exitTimeout) after it was asked to")
      }
    }
  }
#endif

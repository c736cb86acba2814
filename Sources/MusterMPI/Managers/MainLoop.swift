#if MPI
  import Glibc
  import Logging
  import Muster

  /// Makes the ranks of an MPI job a cluster: rank 0 becomes process 1 and goes on, all others serve it and do not
  /// return. To be called by every rank, as in a program started by `mpirun -n 4 ./program`.
  ///
  /// With one rank there are no workers, and process 1 works itself.
  ///
  /// - Parameters:
  ///   - transport: how the processes talk to each other.
  ///   - threadLevel: what to ask MPI for; what it gives is `MPIManager.threadLevel`.
  ///   - options: as for `addprocs`.
  /// - Returns: in process 1, the manager of the workers, for `stopMainLoop` and `mpiDo`.
  /// - Throws: `ClusterError` `.launchFailed` when MPI cannot be initialised or not all ranks have joined.
  public func startMainLoop(
    _ transport: MPIManager.Transport, threadLevel: ThreadLevel = .multiple, options: AddprocsOptions = .init()
  ) async throws -> MPIManager {
    let world = try MPIWorld.start(threadLevel)
    let manager = MPIManager(world, transport)
    let cookie = String(decoding: try world.broadcast(Array(clusterCookie().utf8)), as: UTF8.self)
    switch transport {
    case .mpiTransportAll:
      guard world.rank == 0 else {
        await serveCluster {
          // Before anything is received: process 1 may have dialled already, and whoever is no worker yet refuses it.
          try initWorker(cookie: cookie, manager: manager)
          world.startTransport()
        }
      }
      world.startTransport()
    case .tcpTransportAll:
      guard world.rank == 0 else {
        let invitation = try world.receiveText()
        await serveCluster(invitation: invitation)
      }
    }
    if world.size == 1 {
      clusterLogger(.mpi).notice("startMainLoop: this MPI job has one rank: process 1 works alone")
    } else if transport == .mpiTransportAll, world.level < .multiple {
      try await addRanksBeside(manager, options)
    } else {
      try await addprocs(manager, options: options)
    }
    return manager
  }

  /// A user's call may keep MPI for as long as it likes: so each worker is connected to process 1 by a socket, too, and
  /// heartbeats and questions go there. Workers do not watch each other.
  private func addRanksBeside(_ manager: MPIManager, _ options: AddprocsOptions) async throws {
    var silent = options
    silent.heartbeatTimeout = max(options.heartbeatTimeout, .seconds(86_400))
    let pids = try await addprocs(manager, options: silent)
    do {
      try await withThrowingDiscardingTaskGroup { group in
        for pid in pids { group.addTask { try await openSideLink(to: pid) } }
      }
      watchProcesses(timeout: options.heartbeatTimeout)
    } catch {
      clusterLogger(.mpi).warning(
        """
        startMainLoop: with \(manager.threadLevel) heartbeats need sockets besides MPI, and there are none, so a worker \
        that hangs will not be noticed: \(error)
        """)
    }
  }

  /// Ends what `startMainLoop` has begun: removes the workers, waits for all ranks and finalizes MPI. The ranks of the
  /// workers exit with status 0.
  ///
  /// A program that ends without having called this does the same.
  public func stopMainLoop(_ manager: MPIManager) async throws {
    let ranks = procs().filter { $0 != 1 && manager.rank(of: $0) != nil }
    if !ranks.isEmpty { try await rmprocs(ranks) }
    manager.world.finish()
  }
#endif

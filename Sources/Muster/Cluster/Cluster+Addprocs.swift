import Glibc
import Logging
import Synchronization

/// Starting workers.
extension Cluster {
  func addprocs(_ manager: some ClusterManager, options: AddprocsOptions?) async throws -> [ProcessID] {
    var options = options ?? manager.defaultOptions
    if manager.needsNetwork(options) { options.restrict = false }
    try requireProcess1("addprocs")
    try WorkerProcess.requireConsumedInvitation()
    let count = try await manager.workerCount(options)
    let launch: LaunchRequest
    recordEventsIfAsked()
    do {
      try options.validate(count: count)
      try requireDescriptors(for: count, options)
      try adoptTopology(options)
      try await workersStart(manager, options)
      launch = try prepareLaunch(count: count, manager, options)
    } catch {
      await shielded { await manager.cancelLaunch() }
      throw error
    }
    defer { forget(launch) }
    startHeartbeat(timeout: options.heartbeatTimeout)
    leaveAtExit()
    offerStatus()

    let timer = engine.schedule(after: options.timeout) { launch.expire() }
    defer { engine.cancel(timer) }
    events.record(.launching(workers: launch.workers.map(\.pid), manager: launch.managerName))
    do {
      try await withTaskCancellationHandler {
        try await manager.launch(launch)
        managers(of: launch, are: manager)
        try await launch.waitUntilSettled()
        try Task.checkCancellation()
      } onCancel: {
        launch.expire()
      }
    } catch {
      await giveUp(launch, manager, all: true)
      throw error
    }
    return try await conclude(launch, manager, options)
  }

  func requireProcess1(_ action: String) throws(ClusterError) {
    guard myid == 1 else {
      throw ClusterError(
        .notProcess1, "Only process 1 can add and remove workers (\(action) was called on process \(myid))")
    }
  }

  /// Said before it hurts: a process that may not open more files cannot accept connections.
  private func requireDescriptors(for count: Int, _ options: AddprocsOptions) throws(ClusterError) {
    let limit = DescriptorLimit.current()
    let needed = DescriptorLimit.needed(by: members.withLock { $0.procs.count } + count, areChildren: options.restrict)
    guard needed > limit else { return }
    throw ClusterError(
      .invalidArgument,
      "addprocs: with \(count) more workers process 1 needs about \(needed) open files and connections, and this user may "
        + "have \(limit) (ulimit -Hn): have the limit raised, or start fewer")
  }

  /// All workers of a cluster share one topology.
  private func adoptTopology(_ options: AddprocsOptions) throws(ClusterError) {
    let (isFirst, current) = members.withLock { members in
      let isFirst = members.workers == [1]
      if isFirst { members.topology = options.topology }
      return (isFirst, members.topology)
    }
    guard isFirst || current == options.topology else {
      throw ClusterError(
        .invalidArgument,
        "addprocs: options.topology is \(options.topology.rawValue), but the workers there are have \(current.rawValue)"
      )
    }
    let lazy = launching.withLock { state in
      if isFirst || state.lazy == nil { state.lazy = options.lazy }
      return state.lazy
    }
    guard lazy == options.lazy else {
      throw ClusterError(
        .invalidArgument,
        "addprocs: options.lazy is \(options.lazy), but the workers there are were added with \(!options.lazy)")
    }
  }

  private func prepareLaunch(
    count: Int, _ manager: some ClusterManager, _ options: AddprocsOptions
  ) throws -> LaunchRequest {
    let addresses = try listen(
      for: options.transport, restrict: options.restrict, interface: options.interface, backlog: max(128, 2 * count))
    let pids = members.withLock { $0.takeNumbers(count) }
    return launching.withLock { state in
      let tickets = (0..<UInt64(count)).map { state.nextTicket + $0 }
      state.nextTicket += UInt64(count)
      let launch = LaunchRequest(
        options: options, book: LaunchBook(pids: pids, tickets: tickets), cookie: state.cookie, addresses: addresses,
        managerName: "\(type(of: manager))"
      ) { [self] launch, worker, config in dial(worker, config, of: manager, in: launch) }
      for ticket in tickets { state.launches[ticket] = launch }
      return launch
    }
  }

  private func forget(_ launch: LaunchRequest) {
    launching.withLock { state in
      for worker in launch.workers { state.launches[worker.ticket] = nil }
    }
  }

  // MARK: A worker joins

  /// Connects to a worker that does not dial back, if its manager knows how.
  private func dial(
    _ worker: LaunchedWorker, _ config: WorkerConfig, of manager: some ClusterManager, in launch: LaunchRequest
  ) {
    task { [self] in
      do {
        guard let connection = try await manager.connect(worker.pid, config) else { return }
        let sealed = try await handshake.dial(connection, from: myid, to: worker.pid, ticket: worker.ticket)
        // It may have been given up meanwhile.
        guard launch.snapshot.record(ofTicket: worker.ticket)?.state == .started else { return connection.close() }
        await join(sealed, worker.ticket, launch)
      } catch {
        launch.failed(worker, reason: "process 1 could not connect to it: \(error)")
      }
    }
  }

  func join(_ connection: any Connection, _ ticket: UInt64, _ launch: LaunchRequest) async {
    // One of two connections of the same worker is not needed.
    guard launch.dialled(ticket: ticket), let record = launch.snapshot.record(ofTicket: ticket) else {
      return connection.close()
    }
    do {
      let link = try adopt(connection, from: record.pid)
      let id = try sendCall(invitation(to: record.pid, launch.options), Nothing(), over: link)
      let arrival = try decode(await link.reply(to: id), from: link, as: Arrival.self)
      try verify(arrival, record.pid)
      let config = launch.snapshot.record(ofTicket: ticket)?.config
      try await admit(arrival.info, config)
      launch.joined(ticket: ticket)
      recordArrival(of: arrival, manager: launch.managerName)
      addToDefaultPool(record.pid)
    } catch {
      launch.failed(ticket: ticket, reason: "could not join: \(error)")
    }
  }

  private func invitation(to pid: ProcessID, _ options: AddprocsOptions) -> Welcome {
    Welcome(
      pid: pid, process1: myInfo, topology: options.topology, heartbeatTimeout: options.heartbeatTimeout.nanoseconds,
      transport: options.transport, restrict: options.restrict,
      interface: options.interface, directory: launching.withLock { $0.directory?.path }, log: log.settings)
  }

  /// What others need to know of this process.
  var myInfo: PeerInfo {
    PeerInfo(
      pid: myid, addresses: listeningAddresses, node: .current,
      host: hostName(), osPID: getpid())
  }

  // MARK: The outcome

  private func managers(of launch: LaunchRequest, are manager: some ClusterManager) {
    for record in launch.snapshot.records {
      members.withLock { $0.setManager(manager, config: record.config, of: record.pid) }
    }
  }

  private func conclude(
    _ launch: LaunchRequest, _ manager: some ClusterManager, _ options: AddprocsOptions
  ) async throws -> [ProcessID] {
    let book = launch.snapshot
    managers(of: launch, are: manager)
    let joined = book.joined.map(\.pid)
    let isEnough = joined.count >= options.atLeast ?? book.records.count
    await giveUp(launch, manager, all: !isEnough)
    guard isEnough else { throw ClusterError(.launchFailed, "addprocs: " + book.describeFailures()) }
    if !book.failures.isEmpty { logger.warning("addprocs: \(book.describeFailures())") }
    if !options.restrict { await widen(options) }
    await introduce(joined)
    if !options.lazy {
      do { try await connectToEachOther(joined) } catch {
        await giveUp(launch, manager, all: true)
        throw error
      }
    }
    for record in book.joined {
      await manager.manage(record.pid, record.config ?? WorkerConfig(), .register)
    }
    return try await workersStarted(joined)
  }

  /// Ends the processes of those that did not join, or of all.
  private func giveUp(_ launch: LaunchRequest, _ manager: some ClusterManager, all: Bool) async {
    await shielded { [self] in
      await withDiscardingTaskGroup { group in
        for record in launch.snapshot.records where all || record.state != .joined {
          members.withLock { $0.setState(.leaving, of: record.pid) }
          group.addTask { [self] in
            askToLeave(record.pid)
            try? await manager.kill(record.pid, record.config ?? WorkerConfig())
            await processLost(record.pid, reason: "it did not join")
          }
        }
      }
    }
  }
}

import Synchronization

/// What a manager is asked to start, and where it reports what happens.
public final class LaunchRequest: Sendable {
  public let options: AddprocsOptions
  /// One for each worker, in the order of their numbers.
  public let workers: [LaunchedWorker]
  /// The type of the manager, for who reads what has happened.
  let managerName: String
  private let book: Mutex<LaunchBook>
  private let settled = Promise<Bool>()
  private let cookie: Cookie
  private let addresses: [TransportAddress]
  private let onStarted: @Sendable (LaunchRequest, LaunchedWorker, WorkerConfig) -> Void

  init(
    options: AddprocsOptions, book: LaunchBook, cookie: Cookie, addresses: [TransportAddress], managerName: String = "",
    onStarted: @escaping @Sendable (LaunchRequest, LaunchedWorker, WorkerConfig) -> Void = { _, _, _ in }
  ) {
    self.options = options
    self.managerName = managerName
    workers = book.records.map { LaunchedWorker(pid: $0.pid, ticket: $0.ticket) }
    self.book = Mutex(book)
    self.cookie = cookie
    self.addresses = addresses
    self.onStarted = onStarted
  }

  /// What a worker must read on its standard input before anything else: the secret, where to dial, and its ticket.
  ///
  /// Never to be written anywhere else but to a file of mode 0600 in a directory of mode 0700 that is deleted once all
  /// have joined, where standard input cannot be had.
  ///
  /// - Parameters:
  ///   - worker: whom it is for.
  ///   - parent: the process id of the worker's parent, if the worker is to be killed with it (prctl(2),
  ///     PR_SET_PDEATHSIG); only for a parent that runs as long as the worker shall.
  public func invitation(for worker: LaunchedWorker, parent: Int32? = nil) -> String {
    Invitation(
      cookie: cookie, addresses: addresses, ticket: worker.ticket, timeout: options.timeout,
      transport: options.transport, restrict: options.restrict, parent: parent,
      binding: Cluster.current.placements.withLock { $0[worker.pid]?.binding } ?? Binding()
    ).text
  }

  /// The invitation of a worker that an agent starts: it dials where the agent has reached process 1, and ends with the
  /// agent. Without the secret, which the agent has: what goes to it over the network is sealed, but not encrypted.
  func invitation(
    for worker: LaunchedWorker, from agent: HostAgent, listeningAt host: String?, _ port: UInt16?
  ) -> String {
    var invitation = Invitation(
      cookie: cookie, addresses: agent.report.process1.map { [$0] } ?? addresses, ticket: worker.ticket,
      timeout: options.timeout, transport: options.transport, restrict: options.restrict, parent: agent.report.osPID,
      binding: Cluster.current.placements.withLock { $0[worker.pid]?.binding } ?? Binding())
    invitation.socketDirectory = agent.report.socketDirectory
    if let host { invitation.listenAt = .tcp(host: host, port: port ?? 0) }
    return invitation.textWithoutCookie
  }

  /// A worker's process has been started; process 1 now waits for it, or connects to it if the manager's `connect` can.
  public func started(_ worker: LaunchedWorker, _ config: WorkerConfig) {
    var config = config
    config.cpuset = config.cpuset ?? Cluster.current.placements.withLock { $0[worker.pid]?.binding.cpus }
    update { [config] in $0.setState(.started, ofTicket: worker.ticket, config: config) }
    onStarted(self, worker, config)
  }

  /// A worker could not be started, or ended before it joined.
  public func failed(_ worker: LaunchedWorker, reason: String, output: [String] = []) {
    update { $0.setState(.failed(reason: reason, output: output), ofTicket: worker.ticket) }
  }

  /// Returns false if it has before, or was given up.
  func dialled(ticket: UInt64) -> Bool {
    var isFirst = false
    update { isFirst = $0.dial(ticket) }
    return isFirst
  }

  func joined(ticket: UInt64) { update { $0.setState(.joined, ofTicket: ticket) } }

  func failed(ticket: UInt64, reason: String) {
    update { $0.setState(.failed(reason: reason, output: []), ofTicket: ticket) }
  }

  func expire() { update { $0.expire(after: options.timeout) } }

  var snapshot: LaunchBook { book.withLock { $0 } }

  /// Waits until every worker has joined or failed.
  func waitUntilSettled() async throws { _ = try await settled.wait() }

  private func update(_ change: (inout LaunchBook) -> Void) {
    let isSettled = book.withLock { book in
      change(&book)
      return book.isSettled
    }
    if isSettled { settled.fulfil(.success(true)) }
  }
}

/// One worker to be started.
public struct LaunchedWorker: Sendable, Hashable {
  public let pid: ProcessID
  /// Names this launch; not a secret. Where a worker does not get an invitation, it is to be given to `initWorker`.
  public let ticket: UInt64
}

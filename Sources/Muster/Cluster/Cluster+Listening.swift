import Glibc
import Logging
import Synchronization

/// How other processes reach this one.
extension Cluster {
  /// Listens in the ways a transport needs, at each place once; returns where, in the order of preference.
  ///
  /// - Parameters:
  ///   - restrict: not to be reached from other hosts.
  ///   - interface: which of this host's addresses others are to use (`AddprocsOptions.interface`).
  ///   - backlog: connections that may wait.
  ///   - directory: where Unix sockets are made; one of our own if `nil`.
  func listen(
    for transport: TransportChoice, restrict: Bool, interface: String? = nil, backlog: Int, directory: String? = nil
  ) throws -> [TransportAddress] {
    var addresses: [TransportAddress] = []
    if transport != .tcp { addresses.append(try listenOnUnixSocket(backlog: backlog, directory: directory)) }
    let hosts = restrict || transport == .unix ? [] : try HostAddress.choose(interface, from: HostAddress.current())
    if transport == .tcp || (!restrict && hosts.isEmpty && transport != .unix) {
      addresses.append(try listenOnTCP(host: "127.0.0.1", backlog: backlog))
    }
    for host in hosts { addresses.append(try listenOnTCP(host: host, backlog: backlog)) }
    return addresses
  }

  private func listenOnUnixSocket(backlog: Int, directory: String?) throws -> TransportAddress {
    let path = "\(try directory ?? socketDirectory().path)/\(myid).sock"
    return try listen(at: .unix(path: path), backlog: backlog)
  }

  func listenOnTCP(host: String, port: UInt16 = 0, backlog: Int) throws -> TransportAddress {
    try listen(at: .tcp(host: host, port: port), backlog: backlog)
  }

  /// - Parameter place: with port 0 the system chooses one, the first time.
  private func listen(at place: TransportAddress, backlog: Int) throws -> TransportAddress {
    try listening.withLock { _ in try listenOnce(at: place, backlog: backlog) }
  }

  private func listenOnce(at place: TransportAddress, backlog: Int) throws -> TransportAddress {
    if let existing = launching.withLock({ $0.rendezvous[place] }) { return existing.listener.address }
    let rendezvous = Rendezvous(
      listener: try Sockets.listen(at: place, backlog: backlog), handshake: handshake, cluster: self,
      admit: { [unowned self] hello in refusal(of: hello) },
      joined: { [unowned self] connection, hello in
        do { try welcome(connection, hello) } catch { logger.warning("\(error)") }
      })
    launching.withLock { $0.rendezvous[place] = rendezvous }
    try rendezvous.start()
    return rendezvous.listener.address
  }

  /// Where this process listens, in the order of preference.
  var listeningAddresses: [TransportAddress] {
    launching.withLock { $0.rendezvous.values.map(\.listener.address) }.sorted { $0.stage < $1.stage }
  }

  func socketDirectory() throws(ClusterError) -> SocketDirectory {
    try launching.withLock { (state) throws(ClusterError) in
      if let directory = state.directory { return directory }
      let directory = try SocketDirectory()
      state.directory = directory
      return directory
    }
  }

  func stopListening() {
    let (rendezvous, directory, status) = launching.withLock { state in
      defer {
        state.rendezvous = [:]
        state.directory = nil
        state.status = nil
      }
      return (state.rendezvous.values, state.directory, state.status)
    }
    status?.close()
    for rendezvous in rendezvous { rendezvous.close() }
    directory?.remove()
  }

  /// Why a dialler cannot be let in.
  func refusal(of hello: Hello) -> String? {
    if myid == 0 { return refusalBeforeJoining(of: hello) }
    guard hello.to == myid else { return "process \(hello.to) was dialled, this is process \(myid)" }
    if launching.withLock({ $0.agents[hello.ticket] != nil }) { return nil }
    if hello.ticket == 0 {
      return hello.from == myid || hello.from.rawValue < 1 ? "nobody has the number \(hello.from)" : nil
    }
    guard let launch = launching.withLock({ $0.launches[hello.ticket] }) else {
      return "this worker was not asked for, or came too late"
    }
    switch launch.snapshot.record(ofTicket: hello.ticket)?.state {
    case .queued, .started: return nil
    default: return "this worker has joined already, or was given up"
    }
  }

  /// A worker that is waiting for process 1 to connect.
  private func refusalBeforeJoining(of hello: Hello) -> String? {
    guard hello.from == 1 else { return "this worker has not joined yet: only process 1 may connect to it" }
    let ticket = launching.withLock { $0.ticket }
    return ticket == nil || ticket == hello.ticket ? nil : "this is another worker than the one that was dialled"
  }

  /// Takes over an authenticated connection: of another process, or of a worker that has just been started.
  func welcome(_ connection: any Connection, _ hello: Hello) throws {
    guard myid == 1, hello.ticket != 0 else {
      try adopt(connection, from: hello.from)
      return
    }
    if let agents = launching.withLock({ $0.agents[hello.ticket] }) { return try agents.join(connection) }
    guard let launch = launching.withLock({ $0.launches[hello.ticket] }) else { return connection.close() }
    task { [self] in await join(connection, hello.ticket, launch) }
  }
}

import Synchronization
import Testing
import TransportConformance

@testable import Muster

/// A process that has just been launched.
private func withFreshWorker<Result: Sendable>(
  cookie: String = Cookie().hex, ticket: UInt64? = nil, _ body: @Sendable (Cluster) async throws -> Result
) async throws -> Result {
  try await withProcess1 { cluster async throws in
    try initWorker(cookie: cookie, ticket: ticket)
    return try await body(cluster)
  }
}

/// The other end of a connection, with what it knows of the secret.
private func dial(
  _ connection: any Connection, cookie: String, from: ProcessID, to: ProcessID, ticket: UInt64 = 0, _ cluster: Cluster
) async throws {
  var handshake = Handshake(cookie: try Cookie(hex: cookie), engine: cluster.engine)
  handshake.deadline = .seconds(600)
  try await handshake.dial(connection, from: from, to: to, ticket: ticket)
}

@Test(arguments: InProcessManager.Dialler.allCases)
func `workers join over a transport of their manager's, whoever connects, and call each other over it`(
  dialler: InProcessManager.Dialler
) async throws {
  let manager = InProcessManager(3, dialler: dialler)
  try await withInProcessWorkers(manager) { pids async throws in
    #expect(pids == [2, 3, 4] && workers() == pids)
    #expect(try await pmap(Square(), 0..<50) == (0..<50).map { $0 * $0 })
    #expect(manager.connected.elements.count == (dialler == .process1 ? 3 : 0))
    #expect(try await remotecallFetch(AskPeer(), on: 3, 4) == 4)
    #expect(manager.connected.elements.last == [3, 4])
    // The connection serves both directions.
    #expect(try await remotecallFetch(AskPeer(), on: 4, 3) == 3)
    #expect(manager.connected.elements.last == [3, 4])
    // They listen nowhere else.
    #expect(manager.cluster(2).launching.withLock { $0.rendezvous.isEmpty })
  }
}

@Test func `a worker that a manager cannot connect to is an error that names it and the reason`() async throws {
  let manager = InProcessManager(2)
  try await withInProcessWorkers(manager) { pids async throws in
    manager.hide(pids[1])
    do {
      _ = try await remotecallFetch(AskPeer(), on: pids[0], pids[1])
      Issue.record("it was called")
    } catch let error as RemoteError {
      #expect((error.underlying as? ClusterError)?.code == .notConnected)
      #expect(error.message.contains("process 2 cannot connect to process 3"))
      #expect(error.message.contains("nobody is called custom:3"))
    }
    // Process 1 has its connection.
    #expect(try await remotecallFetch(WhoAmI(), on: pids[1]) == pids[1])
  }
}

@Test func `a process knows who is at the other end of a connection, as long as it is one`() async throws {
  try await withClusterPair((2, 3)) { pair async throws in
    #expect(workerID(of: pair.linkToTwo.connection) == 3)
    #expect(workerID(of: pair.linkToOne.connection) == nil, "it is the other process's")
    #expect(workerID(of: InProcessTransport.pair().0) == nil)
    pair.linkToTwo.lose("the test ended it")
    await eventually("it is still somebody") { workerID(of: pair.linkToTwo.connection) == nil }
  }
}

// MARK: Who is let in

@Test func `nothing is decoded before the other end has proved itself`() async throws {
  try await withProcess1 { one async throws in
    let (here, there) = InProcessTransport.pair()
    let taken = processMessages(here)
    // Long enough for a greeting, and no greeting.
    try Conformance.write(headerBytes(length: 16, kind: 2) + Array(repeating: 0, count: 200), to: there)
    await expectCode(.refused) { try await taken.value }
    #expect(throws: TransportError.self) { try Conformance.read(1, from: there) }
    #expect(procs() == [1] && one.members.withLock { $0.allLinks.isEmpty })
  }
}

@Test func `who does not know the cookie is not let in`() async throws {
  try await withProcess1 { one async throws in
    let (here, there) = InProcessTransport.pair()
    let taken = processMessages(here)
    await expectCode(.refused) { try await dial(there, cookie: Cookie().hex, from: 5, to: 1, one) }
    await #expect(throws: TransportError.self) { try await taken.value }
    #expect(workerID(of: here) == nil)
  }
}

@Test func `before it has joined a worker lets in process 1 only`() async throws {
  let cookie = Cookie().hex
  try await withFreshWorker(cookie: cookie) { worker async throws in
    #expect(myid() == 0)
    for stranger in [0, 2, 7] as [ProcessID] {
      let (here, there) = InProcessTransport.pair()
      let taken = processMessages(here)
      await expectCode(.refused) { try await dial(there, cookie: cookie, from: stranger, to: 3, ticket: 9, worker) }
      await expectCode(.refused) { try await taken.value }
    }
    let (here, there) = InProcessTransport.pair()
    let taken = processMessages(here)
    try await dial(there, cookie: cookie, from: 1, to: 3, ticket: 9, worker)
    try await taken.value
    #expect(workerID(of: here) == 1)
  }
}

@Test func `a worker that knows its ticket lets nobody in who means another one`() async throws {
  let cookie = Cookie().hex
  try await withFreshWorker(cookie: cookie, ticket: 9) { worker async throws in
    for (ticket, isMeant) in [(8, false), (0, false), (9, true)] as [(UInt64, Bool)] {
      let (here, there) = InProcessTransport.pair()
      let taken = processMessages(here)
      let dialled = await Result { try await dial(there, cookie: cookie, from: 1, to: 3, ticket: ticket, worker) }
      let accepted = await Result { try await taken.value }
      #expect(dialled.isSuccess == isMeant && accepted.isSuccess == isMeant)
    }
  }
}

@Test func `only a worker that has not joined, and knows its ticket, opens a connection by itself`() async throws {
  try await withProcess1 { _ async throws in
    let (here, there) = InProcessTransport.pair()
    await expectCode(.invalidArgument) { try await processMessages(here, incoming: false).value }
    #expect(throws: TransportError.self) { try Conformance.read(1, from: there) }
  }
  try await withFreshWorker { _ async throws in
    let (here, _) = InProcessTransport.pair()
    do {
      try await processMessages(here, incoming: false).value
      Issue.record("it was opened")
    } catch let error as ClusterError {
      #expect(error.code == .invalidArgument && error.message.contains("ticket"))
    }
  }
}

// MARK: Who becomes a worker

@Test func `a process becomes a worker before anything else, and once`() async throws {
  try await withProcess1 { _ async throws in
    await expectCode(.invalidArgument) { try initWorker(cookie: "1234") }
    #expect(myid() == 1)
    _ = Future<Int>()
    await expectCode(.invalidArgument) { try initWorker(cookie: Cookie().hex) }
    #expect(myid() == 1)
  }
  try await withFreshWorker { _ async throws in
    await expectCode(.invalidArgument) { try initWorker(cookie: Cookie().hex) }
    await expectCode(.notProcess1) { try await addprocs(1) }
    await expectCode(.notProcess1) { try setClusterCookie(Cookie().hex) }
  }
  try await withInProcessWorkers(InProcessManager(1)) { _ async throws in
    await expectCode(.invalidArgument) { try initWorker(cookie: Cookie().hex) }
  }
}

@Test func `the default manager starts nothing`() async throws {
  try await withProcess1 { _ async throws in
    await expectCode(.invalidArgument) { try await addprocs(DefaultClusterManager()) }
    #expect(workers() == [1])
  }
}

@Test func `managers print as they are made`() {
  #expect("\(LocalManager(3))" == "LocalManager(3)" && "\(LocalManager())" == "LocalManager(auto)")
  #expect("\(DefaultClusterManager())" == "DefaultClusterManager()")
}

// MARK: The cookie

@Test func `there is a cookie before any worker, and workers join with one that was set`() async throws {
  let manager = InProcessManager(1)
  defer { manager.stop() }
  try await withProcess1 { one async throws in
    #expect(clusterCookie().utf8.count == 64)
    let directory = try one.socketDirectory().path
    let cookie = String(repeating: "ab", count: 16)
    #expect(try setClusterCookie(cookie) == cookie && clusterCookie() == cookie)
    _ = try await addprocs(manager)
    #expect(manager.cluster(2).launching.withLock { $0.cookie.hex } == cookie)
    #expect(try await remotecallFetch(WhoAmI(), on: 2) == 2)
    // Whoever listened with the old one does not any more.
    #expect(try one.socketDirectory().path != directory)
    await expectCode(.invalidArgument) { try setClusterCookie(Cookie().hex) }
    #expect(clusterCookie() == cookie)
  }
}

extension Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }

  fileprivate var isSuccess: Bool { (try? get()) != nil }
}

/// Whether the connection that this process gets to another is the one on which it sends everything.
struct GetsItsConnection: RemoteFunction {
  func callAsFunction(_ pid: ProcessID) async throws -> Bool {
    let cluster = Cluster.current
    let link = try await cluster.link(to: pid)
    return link === cluster.openLink(to: pid)
  }
}

@Test func `two who connect to each other at the same time each send over one connection only`() async throws {
  let manager = InProcessManager(2)
  try await withInProcessWorkers(manager) { pids async throws in
    manager.crosses.store(true, ordering: .relaxed)
    #expect(try await remotecallFetch(GetsItsConnection(), on: pids[0], pids[1]))
    #expect(manager.connected.elements.suffix(2) == [[pids[0], pids[1]], [pids[1], pids[0]]])
  }
}

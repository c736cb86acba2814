import Synchronization

@testable import Muster

/// A manager with a transport of its own, as one outside the package would be: its workers are clusters of this process,
/// its connections in-process ones that end at a `processMessages`.
final class InProcessManager: ClusterManager {
  /// Who opens the connection between process 1 and a worker.
  enum Dialler: CaseIterable, Sendable { case process1, worker }

  private let count: Int
  private let dialler: Dialler
  private let place: @Sendable (Int) -> TopologyPlace
  private let clusters = Mutex<[String: Cluster]>([:])
  /// Those who are about to connect are first connected to by their peer, once.
  let crosses = Atomic<Bool>(false)
  /// Why a worker was lost is not found out as long as this is so.
  let holdsLosses = Atomic<Bool>(false)
  /// What it finds out then.
  let foundReason = Mutex<String?>(nil)
  private let numbers = Mutex<[ProcessID: Cluster]>([:])
  /// Who was connected to whom by `connect`.
  let connected = Recorder<[ProcessID]>()
  let events = Recorder<Event>()

  struct Event: Equatable {
    let pid: ProcessID
    let event: ManagerEvent
  }

  /// - Parameter place: the place of each worker, counted from 1, in a custom topology.
  init(
    _ count: Int, dialler: Dialler = .process1, place: @escaping @Sendable (Int) -> TopologyPlace = { _ in .init() }
  ) {
    self.count = count
    self.dialler = dialler
    self.place = place
  }

  func workerCount() throws -> Int { count }

  func launch(_ request: LaunchRequest) async throws {
    let one = Cluster.current
    for (index, worker) in request.workers.enumerated() {
      let cluster = Cluster(id: 1, spin: .zero)
      ClusterPair.keep(cluster)
      numbers.withLock { $0[worker.pid] = cluster }
      clusters.withLock { $0["\(worker.pid)"] = cluster }
      try await cluster.run { try initWorker(cookie: clusterCookie(of: one), manager: self, ticket: worker.ticket) }
      var config = WorkerConfig()
      config.connectAt = .custom("\(worker.pid)")
      let place = place(index + 1)
      config.ident = place.ident
      config.connectIdents = place.connectIdents
      request.started(worker, config)
      guard dialler == .worker else { continue }
      let (a, b) = InProcessTransport.pair()
      processMessages(a)
      await cluster.run { _ = processMessages(b, incoming: false) }
    }
  }

  private func clusterCookie(of cluster: Cluster) -> String { cluster.launching.withLock { $0.cookie.hex } }

  func connect(_ pid: ProcessID, _ config: WorkerConfig) async throws -> (any Connection)? {
    if myid() == 1, dialler == .worker { return nil }
    guard case .custom(let name) = config.connectAt, let other = clusters.withLock({ $0[name] }) else {
      throw TransportError(description: "nobody is called \(config.connectAt?.description ?? "nothing")")
    }
    connected.append([myid(), pid])
    let me = myid()
    if crosses.exchange(false, ordering: .relaxed) {
      try await other.run { _ = try await Cluster.current.link(to: me) }
    }
    let (a, b) = InProcessTransport.pair()
    await other.run { _ = processMessages(b) }
    return a
  }

  func lossReason(_ pid: ProcessID, _ config: WorkerConfig) async -> String? {
    while holdsLosses.load(ordering: .relaxed) { try? await Task.sleep(for: .milliseconds(1)) }
    return foundReason.withLock { $0 }
  }

  /// From now on nobody can connect to a worker.
  func hide(_ pid: ProcessID) { clusters.withLock { $0["\(pid)"] = nil } }

  func kill(_ pid: ProcessID, _ config: WorkerConfig) async throws {}

  func manage(_ pid: ProcessID, _ config: WorkerConfig, _ event: ManagerEvent) async {
    events.append(Event(pid: pid, event: event))
  }

  func cluster(_ pid: ProcessID) -> Cluster { numbers.withLock { $0[pid]! } }

  func stop() {
    for cluster in numbers.withLock({ $0.values.map { $0 } }) {
      cluster.dispatcher.stop()
      cluster.engine.stop()
    }
  }
}

/// Runs `body` as the program of a process 1 of its own.
func withProcess1<Result: Sendable>(_ body: @Sendable (Cluster) async throws -> Result) async throws -> Result {
  let one = Cluster(id: 1, spin: .zero)
  ClusterPair.keep(one)
  defer {
    one.stopListening()
    one.dispatcher.stop()
    one.engine.stop()
  }
  return try await one.run { try await body(one) }
}

/// As `withProcess1`, with the workers of a manager.
func withInProcessWorkers<Result: Sendable>(
  _ manager: InProcessManager, _ options: AddprocsOptions = .init(),
  _ body: @Sendable ([ProcessID]) async throws -> Result
) async throws -> Result {
  defer { manager.stop() }
  return try await withProcess1 { _ async throws in try await body(try await addprocs(manager, options: options)) }
}

import Glibc
import Synchronization

/// What process 1 tells its workers: internal remote functions, like everything else.

/// Gives a worker its number and everything it needs to know; the worker answers with what it is and has.
struct Welcome: RemoteThunk, InternalFunction {
  let pid: ProcessID
  let process1: PeerInfo
  let topology: Topology
  let heartbeatTimeout: Int64
  let transport: TransportChoice
  let restrict: Bool
  let interface: String?
  let directory: String?
  let log: LogSettings

  func callAsFunction() throws -> Arrival {
    Arrival(
      info: try WorkerProcess.accept(self), cpus: .ofThisThread, refusal: WorkerProcess.bindingRefusal.withLock { $0 },
      rank: ProcessRank.ofThisProcess)
  }
}

/// What a new worker says of itself.
struct Arrival: Codable, Sendable {
  let info: PeerInfo
  /// Where the kernel lets it run.
  let cpus: CPUSet
  /// What the kernel did not grant of its binding.
  let refusal: String?
  /// In MPI's job or Slurm's step.
  let rank: Int?
}

/// Who has come and who has gone.
struct MembersChanged: RemoteAction, InternalFunction {
  let joined: [PeerInfo]
  let left: [ProcessID]
  let reason: String

  func callAsFunction() async {
    let cluster = Cluster.current
    cluster.members.withLock { members in
      for info in joined {
        if info.pid == members.me { members.place = info.place } else { members.join(info) }
      }
    }
    // A worker that maps uses all workers that it may call, itself included.
    for info in joined where cluster.members.withLock({ $0.mayCall(info.pid) }) { cluster.addToDefaultPool(info.pid) }
    for pid in left where pid != cluster.myid { await cluster.processLost(pid, reason: reason) }
  }
}

/// Has a worker that only its own host could reach listen on the network, because workers on other hosts have come.
struct ListenOnNetwork: RemoteThunk, InternalFunction {
  let transport: TransportChoice
  let interface: String?

  func callAsFunction() throws -> [TransportAddress] {
    let cluster = Cluster.current
    _ = try cluster.listen(
      for: transport, restrict: false, interface: interface, backlog: 1024, directory: WorkerProcess.socketDirectory)
    return cluster.listeningAddresses
  }
}

/// Has a worker connect to others.
struct ConnectToPeers: RemoteAction, InternalFunction {
  let pids: [ProcessID]

  func callAsFunction() async throws {
    let cluster = Cluster.current
    try await withThrowingDiscardingTaskGroup { group in
      // The answer says that the other one has accepted, too.
      for pid in pids { group.addTask { _ = try await cluster.call(Greet(), on: pid, Nothing()) } }
    }
  }
}

struct Greet: RemoteAction, InternalFunction {
  func callAsFunction() {}
}

/// Asks a worker to end. Its output is flushed and its exit handlers run.
struct ExitProcess: RemoteAction, InternalFunction {
  func callAsFunction() {
    let cluster = Cluster.current
    if cluster === Cluster.process {
      cluster.stopListening()
      AgentProcess.removeTunnel()
      WorkerProcess.isLeaving.store(true, ordering: .relaxed)
      exit(0)
    }
    // A cluster of a test is not the process: it only leaves.
    for link in cluster.members.withLock({ $0.allLinks }) { link.lose("this process was asked to leave") }
  }
}

/// Cancels the functions that run in a worker; asked a second time within a second, the worker ends.
struct InterruptCalls: RemoteThunk, InternalFunction {
  func callAsFunction() -> Int {
    let cluster = Cluster.current
    if cluster.isSecondInterrupt() {
      fflush(nil)
      _exit(130)
    }
    return cluster.dispatcher.interrupt()
  }
}

/// Cancels one call, if it runs. What was sent before it on its connection has begun or finished when this runs.
struct CancelCall: RemoteAction, InternalFunction {
  let id: UInt64
  let caller: ProcessID

  func callAsFunction() { Cluster.current.dispatcher.cancel(id, of: caller) }
}

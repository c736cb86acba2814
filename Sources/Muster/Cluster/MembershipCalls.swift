import Glibc
import Synchronization

/// What process 1 tells its workers: internal remote functions, like everything else.

/// Gives a worker its number and everything it needs to know; the worker answers with what it is.
struct Welcome: RemoteThunk, InternalFunction {
  let pid: ProcessID
  let process1: PeerInfo
  let topology: Topology
  let heartbeatTimeout: Int64
  let transport: TransportChoice
  let restrict: Bool
  let directory: String?

  func callAsFunction() throws -> PeerInfo {
    try WorkerProcess.accept(self)
  }
}

/// Who has come and who has gone.
struct MembersChanged: RemoteAction, InternalFunction {
  let joined: [PeerInfo]
  let left: [ProcessID]
  let reason: String

  func callAsFunction() async {
    let cluster = Cluster.current
    cluster.members.withLock { members in
      for info in joined where info.pid != members.me { members.join(info) }
    }
    // A worker that maps uses all workers, itself included.
    for info in joined where info.pid != 1 { cluster.addToDefaultPool(info.pid) }
    for pid in left where pid != cluster.myid { await cluster.processLost(pid, reason: reason) }
  }
}

/// Asks a worker to end. Its output is flushed and its exit handlers run.
struct ExitProcess: RemoteAction, InternalFunction {
  func callAsFunction() {
    exit(0)
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

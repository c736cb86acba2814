import Synchronization

/// A second connection, by a socket, to a process whose first one may be kept from everything for long: by a user's call
/// of MPI, say. Heartbeats go over both (Heartbeat.swift), and what has to be asked meanwhile over this one.

/// Has a worker open one to process 1.
///
/// - Throws: `RemoteError` with the reason where no socket of process 1 can be reached from there.
package func openSideLink(to pid: ProcessID) async throws {
  _ = try await Cluster.current.call(OpenSideLink(), on: pid, Nothing())
}

/// Calls a function over the side link, if there is one.
package func callAside<F: RemoteThunk>(_ function: F, on pid: ProcessID) async throws -> F.Output {
  let cluster = Cluster.current
  guard let link = cluster.sideLink(to: pid) else { return try await cluster.call(function, on: pid, Nothing()) }
  let id = try cluster.sendCall(function, Nothing(), over: link)
  return try cluster.decode(await link.reply(to: id), from: link, as: F.Output.self)
}

/// Declares processes dead that are not heard for so long, from now on, if a longer time has counted so far.
package func watchProcesses(timeout: Duration) { Cluster.current.startHeartbeat(timeout: timeout) }

struct OpenSideLink: RemoteAction, InternalFunction {
  func callAsFunction() async throws {
    let cluster = Cluster.current
    let process1 = cluster.members.withLock { $0[1]?.info }
    guard let process1,
      let connection = try await cluster.dialAny(
        process1.addresses, of: process1.node, from: cluster.myid, to: 1, ticket: 0)
    else {
      throw ClusterError(.notConnected, "process 1 listens nowhere that can be reached from process \(cluster.myid)")
    }
    try cluster.adopt(connection, from: 1)
  }
}

extension Cluster {
  fileprivate func sideLink(to pid: ProcessID) -> Link? {
    members.withLock { $0[pid]?.otherLinks.first { $0.connection.descriptor != nil } }
  }
}

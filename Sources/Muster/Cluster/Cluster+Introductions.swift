import Logging
import Synchronization

/// How workers get to know each other.
extension Cluster {
  /// Tells the new workers of all others, and all others of them; returns when all know.
  func introduce(_ pids: [ProcessID]) async {
    let infos = members.withLock { $0.announcements }
    let new = infos.filter { pids.contains($0.pid) }
    await withDiscardingTaskGroup { group in
      for info in infos {
        let change = MembersChanged(joined: pids.contains(info.pid) ? infos : new, left: [], reason: "")
        // Who is lost meanwhile is reported as lost, not here.
        group.addTask { [self] in _ = try? await call(change, on: info.pid, Nothing()) }
      }
    }
  }

  /// Lets workers on other hosts reach those that so far had to be reached on their own host only.
  func widen(_ options: AddprocsOptions) async {
    let call = ListenOnNetwork(transport: options.transport, interface: options.interface)
    let (narrow, topology) = members.withLock { ($0.announcements.filter { $0.listensLocally }, $0.topology) }
    guard topology != .masterWorker else { return }
    await withDiscardingTaskGroup { group in
      for info in narrow {
        group.addTask { [self] in
          do {
            let addresses = try await self.call(call, on: info.pid, Nothing())
            members.withLock { $0.setAddresses(addresses, of: info.pid) }
          } catch {
            logger.warning("worker \(info.pid) cannot be reached from other hosts: \(error)")
          }
        }
      }
    }
  }

  /// Has the new workers connected to each other and to all others that the topology lets them, which is not left to
  /// their first need; returns when all are.
  ///
  /// - Throws: `ClusterError` `.launchFailed` with the reason for each worker that could not.
  func connectToEachOther(_ pids: [ProcessID]) async throws {
    let (workers, topology) = members.withLock { ($0.announcements, $0.topology) }
    let failures = await withTaskGroup(of: String?.self) { group in
      for worker in workers {
        let peers = workers.filter { peer in
          // One connection for a pair: the one with the higher number dials.
          peer.pid < worker.pid && (pids.contains(worker.pid) || pids.contains(peer.pid))
            && topology.connects(worker.place, peer.place)
        }
        guard !peers.isEmpty else { continue }
        group.addTask { [self] in
          do {
            _ = try await call(ConnectToPeers(pids: peers.map(\.pid)), on: worker.pid, Nothing())
            return nil
          } catch {
            return "  worker \(worker.pid): \(error)"
          }
        }
      }
      return await group.reduce(into: [String]()) { failures, failure in if let failure { failures.append(failure) } }
    }
    guard failures.isEmpty else {
      throw ClusterError(
        .launchFailed,
        "addprocs: options.lazy is false, but not all workers could be connected to each other:\n"
          + failures.sorted().joined(separator: "\n"))
    }
  }
}

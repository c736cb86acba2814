import Muster
import Testing

extension ClusterTests {
  @Suite struct Topologies {
    private func options(_ topology: Topology, lazy: Bool = true) -> AddprocsOptions {
      var options = AddprocsOptions()
      options.topology = topology
      options.lazy = lazy
      return options
    }

    @Test func eagerWorkersCallEachOther() async throws {
      try await withWorkers(3, options(.allToAll, lazy: false)) { (pids) async throws in
        #expect(try await remotecallFetch(Travel(), on: pids[0], [pids[1], pids[2], pids[0]]) == pids + [pids[0]])
        // Those that come later are connected to those that are there.
        let more = try await addprocs(1, options: options(.allToAll, lazy: false))
        #expect(try await remotecallFetch(CallBack(), on: more[0], pids[2]) == pids[2])
      }
    }

    @Test func pairsOfEqualParityCallEachOtherInACustomTopology() async throws {
      try await leavingNothingBehind { () async throws in
        let pids = try await addprocs(ByHandManager(4, .dialsBack), options: options(.custom))
        for pid in pids {
          for peer in pids {
            if pid.distance(to: peer).isMultiple(of: 2) {
              #expect(try await remotecallFetch(CallBack(), on: pid, peer) == peer)
            } else {
              let error = await thrown(RemoteError.self) { try await remotecallFetch(CallBack(), on: pid, peer) }
              #expect((error?.underlying as? ClusterError)?.code == .notConnected)
            }
          }
        }
        try await removeOneByOne(pids)
      }
    }

    @Test func countsAgreeAfterEachRemovalUnderTheMasterWorkerTopology() async throws {
      try await withWorkers(3, options(.masterWorker)) { (pids) async throws in try await removeOneByOne(pids) }
    }

    private func removeOneByOne(_ pids: [ProcessID]) async throws {
      var left = pids
      while !left.isEmpty {
        try await rmprocs(left.removeFirst())
        #expect(workers() == (left.isEmpty ? [1] : left) && nprocs() == left.count + 1)
        for other in left {
          try await eventually("worker \(other) knows who is left") {
            try await remotecallFetch(WorkersThere(), on: other) == left
          }
        }
      }
    }

    @Test func aWorkerListsAllThatWereAdded() async throws {
      try await withWorkers(2) { (pids) async throws in
        let more = try await addprocs(2)
        for pid in pids + more { #expect(try await remotecallFetch(WorkersThere(), on: pid) == pids + more) }
      }
    }
  }
}

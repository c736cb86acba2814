import Synchronization
import Testing

@testable import Muster

/// Asks another process who it is.
struct AskPeer: RemoteFunction {
  func callAsFunction(_ pid: ProcessID) async throws -> ProcessID { try await remotecallFetch(WhoAmI(), on: pid) }
}

/// Squares by a `pmap` of the process that runs it.
struct MapThere: RemoteFunction {
  func callAsFunction(_ count: Int) async throws -> [Int] { try await pmap(Square(), 0..<count) }
}

private func options(_ topology: Topology, lazy: Bool = true) -> AddprocsOptions {
  var options = AddprocsOptions()
  options.topology = topology
  options.lazy = lazy
  return options
}

/// Of the workers 1, 2, 3, … those of equal parity, each naming only those behind it.
private func sameParity(of count: Int) -> @Sendable (Int) -> TopologyPlace {
  { number in TopologyPlace(ident: number, connectIdents: Array(stride(from: number + 2, through: count, by: 2))) }
}

/// Which workers are connected to which, as each of them sees it.
private func connections(_ manager: InProcessManager, _ pids: [ProcessID]) -> [[ProcessID]] {
  pids.map { pid in pids.filter { peer in manager.cluster(pid).openLink(to: peer) != nil } }
}

@Test func `one of two need name the other to be connected to it`() {
  let one = TopologyPlace(ident: 1, connectIdents: [2])
  let two = TopologyPlace(ident: 2)
  let three = TopologyPlace(ident: 3, connectIdents: [3])
  #expect(one.isConnected(to: two) && two.isConnected(to: one))
  #expect(!one.isConnected(to: three) && !three.isConnected(to: two))
  let nobody = TopologyPlace()
  #expect(!nobody.isConnected(to: nobody) && !nobody.isConnected(to: one))
}

@Test func `who stands where decides in the custom topology only`() {
  let (one, two) = (TopologyPlace(ident: 1, connectIdents: [2]), TopologyPlace(ident: 2))
  let nobody = TopologyPlace()
  #expect(Topology.allToAll.connects(nobody, nobody) && !Topology.masterWorker.connects(one, two))
  #expect(Topology.custom.connects(one, two) && !Topology.custom.connects(one, nobody))
}

@Test func `lazy workers connect to each other when they first need to`() async throws {
  let manager = InProcessManager(3)
  try await withInProcessWorkers(manager, options(.allToAll)) { pids async throws in
    #expect(connections(manager, pids) == [[], [], []])
    #expect(try await remotecallFetch(AskPeer(), on: pids[0], pids[2]) == pids[2])
    #expect(connections(manager, pids) == [[pids[2]], [], [pids[0]]])
  }
}

@Test func `eager workers are all connected to each other when addprocs returns`() async throws {
  let manager = InProcessManager(4)
  try await withInProcessWorkers(manager, options(.allToAll, lazy: false)) { pids async throws in
    #expect(connections(manager, pids) == pids.map { pid in pids.filter { $0 != pid } })
    // One connection for each pair, and one of process 1 to each.
    #expect(manager.connected.elements.count == 6 + 4)
  }
}

@Test func `eager workers that cannot be connected to those that are there are not added`() async throws {
  let (first, second) = (InProcessManager(1), InProcessManager(1))
  defer { second.stop() }
  try await withInProcessWorkers(first, options(.allToAll, lazy: false)) { pids async throws in
    // A worker's own manager finds the other: here they do not know each other's.
    let error = await launchError { try await addprocs(second, options: options(.allToAll, lazy: false)) }
    #expect(error?.code == .launchFailed && error?.message.contains("options.lazy is false") == true)
    #expect(error?.message.contains("worker 3: ") == true && error?.message.contains("custom:2") == true)
    #expect(workers() == pids)
  }
}

@Test func `calls between workers of the master–worker topology are a remote error that says so`() async throws {
  for lazy in [true, false] {
    let manager = InProcessManager(2)
    try await withInProcessWorkers(manager, options(.masterWorker, lazy: lazy)) { pids async throws in
      do {
        _ = try await remotecallFetch(AskPeer(), on: pids[0], pids[1])
        Issue.record("it was called")
      } catch let error as RemoteError {
        #expect((error.underlying as? ClusterError)?.code == .notConnected)
        #expect(error.message.contains("masterWorker has no connection between the processes 2 and 3"))
      }
      #expect(try await remotecallFetch(AskPeer(), on: pids[0], 1) == 1)
      #expect(connections(manager, pids) == [[], []])
      // It maps with whom it may call: itself.
      #expect(try await remotecallFetch(MapThere(), on: pids[0], 5) == [0, 1, 4, 9, 16])
    }
  }
}

@Test(arguments: [true, false])
func `in a custom topology pairs of equal parity can call each other, others cannot`(lazy: Bool) async throws {
  let manager = InProcessManager(5, place: sameParity(of: 5))
  try await withInProcessWorkers(manager, options(.custom, lazy: lazy)) { pids async throws in
    for pid in pids {
      for peer in pids {
        if pid.distance(to: peer).isMultiple(of: 2) {
          #expect(try await remotecallFetch(AskPeer(), on: pid, peer) == peer)
        } else {
          await expectCode(.notConnected) { _ = try await remotecallFetch(AskPeer(), on: pid, peer) }
        }
      }
      #expect(try await remotecallFetch(AskPeer(), on: pid, 1) == 1)
    }
    #expect(connections(manager, pids)[0] == [pids[2], pids[4]] && connections(manager, pids)[1] == [pids[3]])
  }
}

@Test func `in an eager custom topology those are connected that may be`() async throws {
  let manager = InProcessManager(4, place: sameParity(of: 4))
  try await withInProcessWorkers(manager, options(.custom, lazy: false)) { pids async throws in
    #expect(connections(manager, pids) == [[pids[2]], [pids[3]], [pids[0]], [pids[1]]])
  }
}

@Test(arguments: Topology.allCases)
func `after each removal all that are left agree on who is left`(topology: Topology) async throws {
  let manager = InProcessManager(4, place: sameParity(of: 4))
  try await withInProcessWorkers(manager, options(topology)) { pids async throws in
    var left = pids
    while let pid = left.popLast() {
      try await rmprocs(pid)
      #expect(workers() == (left.isEmpty ? [1] : left) && nprocs() == left.count + 1)
      for other in left {
        await eventually("worker \(other) does not know that \(pid) has gone") {
          manager.cluster(other).members.withLock { $0.workers == left && $0.procs == [1] + left }
        }
      }
    }
  }
}

@Test func `workers with another lazy value are refused`() async throws {
  let manager = InProcessManager(1)
  try await withInProcessWorkers(manager, options(.allToAll, lazy: false)) { pids async throws in
    let error = await launchError { try await addprocs(InProcessManager(1), options: options(.allToAll)) }
    #expect(error?.code == .invalidArgument && error?.message.contains("options.lazy is true") == true)
    #expect(workers() == pids)
  }
}

@Test func `the manager hears of each worker that it is registered, and of its end`() async throws {
  let manager = InProcessManager(3)
  try await withInProcessWorkers(manager) { pids async throws in
    #expect(manager.events.elements == pids.map { .init(pid: $0, event: .register) })
    try await interrupt(pids[1])
    #expect(manager.events.elements.last == .init(pid: pids[1], event: .interrupt))
    try await rmprocs(pids[2])
    await eventually("it was not told of the end") {
      manager.events.elements.suffix(2) == [
        .init(pid: pids[2], event: .deregister), .init(pid: pids[2], event: .finalize),
      ]
    }
  }
}

/// The error of an `addprocs` that fails.
private func launchError(_ body: () async throws -> [ProcessID]) async -> ClusterError? {
  do {
    Issue.record("\(try await body()) were added")
    return nil
  } catch {
    return error as? ClusterError
  }
}

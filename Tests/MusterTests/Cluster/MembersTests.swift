import Testing

@testable import Muster

private func info(_ pid: ProcessID, addresses: [TransportAddress] = []) -> PeerInfo {
  PeerInfo(pid: pid, addresses: addresses, node: .current, host: "h", osPID: 1)
}

@Test func `alone, process 1 is its own worker`() {
  let members = Members(id: 1)
  #expect(members.procs == [1] && members.workers == [1])
  #expect(members.openLink(to: 1) == nil && members.openLink(to: -5) == nil && members.openLink(to: 99) == nil)
}

@Test func `processes are listed in order, whatever the order in which they join`() {
  var members = Members(id: 1)
  for pid in [4, 2, 3, 2] as [ProcessID] { members.join(info(pid)) }
  #expect(members.procs == [1, 2, 3, 4] && members.workers == [2, 3, 4])
}

@Test func `numbers are given once`() {
  var members = Members(id: 1)
  let first = members.takeNumbers(3)
  members.join(info(3))
  members.setState(.gone(reason: "x"), of: 3)
  #expect(first == [2, 3, 4] && members.takeNumbers(2) == [5, 6] && members.takeNumbers(0) == [])
}

@Test func `a worker gets its number and is listed under it alone`() {
  var members = Members(id: 0)
  members.join(info(1))
  members.become(7)
  #expect(members.me == 7 && members.procs == [1, 7] && members.workers == [7])
}

@Test func `who leaves or has gone is not listed, and who has gone does not come back`() {
  var members = Members(id: 1)
  for pid in [2, 3] as [ProcessID] { members.join(info(pid)) }
  members.setState(.leaving, of: 2)
  #expect(members.procs == [1, 3] && members[2]?.state == .leaving)
  members.setState(.gone(reason: "killed"), of: 2)
  members.join(info(2))
  #expect(members.procs == [1, 3] && members[2]?.state == .gone(reason: "killed"))
  members.setState(.gone(reason: "never was"), of: 9)
  #expect(members[9] == nil)
}

@Test func `the latest that is known of a member counts`() {
  var members = Members(id: 1)
  var config = WorkerConfig()
  config.host = "n1"
  members.join(info(2), config: config, manager: LocalManager(1))
  members.join(info(2, addresses: [.inProcess("x")]))
  #expect(members[2]?.info.addresses == [.inProcess("x")])
  #expect(members[2]?.config?.host == "n1" && members[2]?.manager != nil)
}

@Test func `the topology says who may connect to whom`() {
  for topology in [.masterWorker, .custom] as [Topology] {
    var worker = Members(id: 2)
    worker.topology = topology
    #expect(worker.mayConnect(to: 1) && !worker.mayConnect(to: 3))
    var first = Members(id: 1)
    first.topology = topology
    #expect(first.mayConnect(to: 3))
  }
  #expect(Members(id: 2).mayConnect(to: 3))
}

@Test func `one task connects, others wait for it, and all are told`() async {
  var members = Members(id: 1)
  let unknown = members.beginConnecting(to: 2)
  #expect(!unknown)
  members.join(info(2))
  let first = members.beginConnecting(to: 2)
  let second = members.beginConnecting(to: 2)
  #expect(first && !second)
  await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
    let waits = members.addConnectionWaiter(continuation, for: 2)
    #expect(waits)
    let waiters = members.endConnecting(to: 2)
    #expect(waiters.count == 1)
    for waiter in waiters { waiter.resume() }
    // Too late to wait.
    let waitsAgain = members.addConnectionWaiter(continuation, for: 2)
    #expect(!waitsAgain)
  }
  #expect(members.endConnecting(to: 2).isEmpty)
  let again = members.beginConnecting(to: 2)
  #expect(again)
}

@Test func `who waits for a departure is told once, and not at all when it is too late`() async {
  var members = Members(id: 1)
  members.join(info(2))
  await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
    let waits = members.addDepartureWaiter(continuation, for: 2)
    let waitsForNobody = members.addDepartureWaiter(continuation, for: 3)
    #expect(waits && !waitsForNobody)
    members.setState(.gone(reason: "x"), of: 2)
    let late = members.addDepartureWaiter(continuation, for: 2)
    #expect(!late)
    let waiters = members.takeDepartureWaiters(of: 2)
    #expect(waiters.count == 1)
    for waiter in waiters { waiter.resume() }
  }
  #expect(members.takeDepartureWaiters(of: 2).isEmpty)
}

@Test func `the first connection to a process is the one to send on, and all go when it goes`() throws {
  let cluster = Cluster(id: 1, spin: .zero)
  defer {
    cluster.dispatcher.stop()
    cluster.engine.stop()
  }
  func link(_ pid: ProcessID) -> Link {
    Link(
      peer: pid, connection: InProcessTransport.pair().0, engine: cluster.engine, dispatcher: cluster.dispatcher,
      context: cluster)
  }
  var members = Members(id: 1)
  let (first, second) = (link(5), link(5))
  members.addLink(first)
  members.addLink(second)
  // It has not been announced: it may be answered, but is not listed.
  #expect(members.openLink(to: 5) === first && members.procs == [1])
  #expect(members.allLinks.count == 2)
  members.join(info(5))
  #expect(members.procs == [1, 5] && members.openLink(to: 5) === first)
  let taken = members.takeLinks(of: 5)
  #expect(taken.count == 2 && taken[0] === first && taken[1] === second)
  #expect(members.openLink(to: 5) == nil && members.allLinks.isEmpty && members.takeLinks(of: 6).isEmpty)
}

import Synchronization
import Testing
import TransportConformance

@testable import Muster

private func agentsThere(_ cluster: Cluster) -> Int { cluster.launching.withLock { $0.hosts.count } }

@Test func `an agent that arrives is the next, and leaves when it is asked to`() async throws {
  let host = try InProcessAgent()
  defer { host.stop() }
  try await withProcess1 { one in
    let agents = try HostAgents.expect(1, InProcessAgent.options)
    try agents.join(host.connection)
    let agent = try await agents.next(within: .seconds(30))
    agents.close()
    #expect(agent.report.host == hostName() && agentsThere(one) == 1)
    await agent.leave(atMost: .seconds(30))
    #expect(agentsThere(one) == 0)
  }
}

@Test func `an agent that nobody has taken leaves when the launch is over`() async throws {
  let hosts = [try InProcessAgent(), try InProcessAgent()]
  defer { for host in hosts { host.stop() } }
  try await withProcess1 { one in
    let agents = try HostAgents.expect(3, InProcessAgent.options)
    for host in hosts { try agents.join(host.connection) }
    await eventually("they did not arrive") { agentsThere(one) == 2 }
    agents.fail(ClusterError(.timeout, "the third has not come"))
    let first = try await agents.next(within: .seconds(30))
    agents.close()
    await eventually("the second has stayed") { agentsThere(one) == 1 }
    await first.leave(atMost: .seconds(30))
  }
}

@Test func `an agent that has proved itself when the launch is over is sent away`() async throws {
  try await withProcess1 { one in
    let agents = try HostAgents.expect(2, InProcessAgent.options)
    let (early, earlyEnd) = InProcessTransport.pair()
    // It does not answer what its host is.
    try agents.join(early)
    agents.close()
    await eventually("the connection has stayed") { isClosed(earlyEnd) }
    let (late, lateEnd) = InProcessTransport.pair()
    try agents.join(late)
    await eventually("it was let in") { isClosed(lateEnd) }
    #expect(agentsThere(one) == 0)
  }
}

@Test func `one agent that cannot say what its host is does not keep others out`() async throws {
  let host = try InProcessAgent()
  defer { host.stop() }
  try await withProcess1 { _ in
    let agents = try HostAgents.expect(2, InProcessAgent.options)
    let (broken, end) = InProcessTransport.pair()
    try agents.join(broken)
    end.close()
    try agents.join(host.connection)
    let agent = try await agents.next(within: .seconds(30))
    do {
      _ = try await agents.next(within: .seconds(30))
      Issue.record("there were two")
    } catch let error as ClusterError {
      #expect(error.code == .launchFailed && error.message.contains("could not join"), "\(error)")
    }
    agents.close()
    await agent.leave(atMost: .seconds(30))
  }
}

@Test func `the secret does not go to an agent, which has it`() async throws {
  let host = try InProcessAgent()
  defer { host.stop() }
  try await withProcess1 { one in
    let agents = try HostAgents.expect(1, InProcessAgent.options)
    defer { agents.close() }
    try agents.join(host.connection)
    let agent = try await agents.next(within: .seconds(30))
    let cookie = one.launching.withLock { $0.cookie }
    let request = LaunchRequest(
      options: InProcessAgent.options, book: LaunchBook(pids: [2], tickets: [12]), cookie: cookie,
      addresses: [.unix(path: "/tmp/1.sock")])
    let sent = request.invitation(for: request.workers[0], from: agent, listeningAt: nil, nil)
    #expect(!sent.contains(cookie.hex))
    let read = try Invitation(text: Invitation.line(of: cookie) + sent)
    #expect(read.cookie.bytes == cookie.bytes && read.ticket == 12)
    // The whole invitation is for standard input only.
    #expect(request.invitation(for: request.workers[0]).contains(cookie.hex))
    await agent.leave(atMost: .seconds(30))
  }
}

private func isClosed(_ connection: any Connection) -> Bool {
  do {
    while try Conformance.readOnce(connection, 4096) != [] {}
    return false
  } catch { return true }
}

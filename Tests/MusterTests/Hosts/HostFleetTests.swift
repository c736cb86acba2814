import Testing

@testable import Muster

/// An agent that has arrived.
private func withAgent(_ body: @Sendable (HostAgent, Cluster) async throws -> Void) async throws {
  let host = try InProcessAgent()
  defer { host.stop() }
  try await withProcess1 { one in
    let agents = try HostAgents.expect(1, InProcessAgent.options)
    try agents.join(host.connection)
    let agent = try await agents.next(within: .seconds(30))
    agents.close()
    try await body(agent, one)
    await agent.leave(atMost: .seconds(30))
  }
}

@Test func `an agent without workers is sent away once`() async throws {
  try await withAgent { agent, _ in
    let idle = Counter()
    let fleet = HostFleet { _ in idle.increment() }
    await withDiscardingTaskGroup { group in
      for _ in 0..<20 { group.addTask { await fleet.releaseIfIdle(agent) } }
    }
    #expect(idle.value == 1)
  }
}

@Test func `cores are kept for process 1 on its own machine only`() async throws {
  try await withAgent { agent, one in
    var options = AddprocsOptions()
    options.reservedCores = 3
    #expect(agent.node(options).reservedCores == 3)
    let report = agent.report
    let elsewhere = HostReport(
      host: "n2", node: NodeIdentity(bootID: "another", networkNamespace: ""), osPID: 1, topology: report.topology,
      cpuQuota: nil, descriptorLimit: 1, process1: nil, socketDirectory: "", variables: [:])
    #expect(HostAgent(report: elsewhere, link: agent.link, cluster: one).node(options).reservedCores == 0)
  }
}

@Test func `of the environment only the place in a job is told`() {
  let told = HostReport.variables(of: [
    "SLURM_PROCID": "1", "SLURMD_NODENAME": "n1", "SLURM_JWT": "secret", "PBS_MUSTER_NODE": "2", "PBS_SECRET": "x",
    "HOME": "/root",
  ])
  #expect(told == ["SLURM_PROCID": "1", "SLURMD_NODENAME": "n1", "PBS_MUSTER_NODE": "2"])
}

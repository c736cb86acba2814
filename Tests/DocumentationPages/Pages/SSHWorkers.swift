import Muster

/// Planned only: a test with a real sshd is in Tests/ClusterTests/SSHTests.swift.
enum SSHWorkers: Page {
  static func run() async throws {
    var options = options()
    options.interface = nil  // which this machine does not have
    let plan = try await planLaunch(SSHManager(["n1", .init("n3", count: 4)], options: options))
    try expect(plan.hosts.map(\.name) == ["n1", "n3"], "\(plan)")
    print(try await commands())
  }

  static func start() async throws {
    try await addprocs(["n1", "me@n2:2222", .init("n3", count: 4), .init("n4", count: .auto)])
  }

  static func options() -> SSHOptions {
    var options = SSHOptions()
    options.sshflags = ["-i", "/home/me/.ssh/cluster_key"]
    options.maxParallel = 10  // logins at a time
    options.interface = "10.1.0.0/16"  // over which of its addresses a host is reached
    options.dir = "/scratch/me"  // and whatever else AddprocsOptions has
    return options
  }

  static func tunnel() async throws {
    var options = SSHOptions()
    options.tunnel = true  // everything goes through ssh; no other port has to be open
    options.topology = .masterWorker
    try await addprocs(["n1", "n2"], options: options)
  }

  static func commands() async throws -> String {
    let plan = try await planLaunch(SSHManager(["n1", .init("n2", count: 4)]))
    return plan.commands.map(\.description).joined(separator: "\n")
  }
}

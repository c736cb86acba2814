/// Starts workers on other hosts, over ssh: Julia's `addprocs(machines)`.
///
///     try await addprocs(["n1", "me@n2:2222", .init("n3", count: 4), .init("n4", count: .auto)])
///
/// - Parameters:
///   - machines: where, and how many each; see `MachineSpec`.
///   - options: how.
/// - Returns: their numbers, in the order of the list.
/// - Throws: `ClusterError` `.launchFailed` with host, reason and last output of each worker that did not join, unless
///   `options.atLeast` of them did; `.invalidArgument`; `.notProcess1`.
@discardableResult
public func addprocs(_ machines: [MachineSpec], options: SSHOptions = .init()) async throws -> [ProcessID] {
  try await addprocs(SSHManager(machines, options: options), options: options.base)
}

/// Starts a worker on each of these hosts, over ssh.
@discardableResult
public func addprocs(_ machines: [String], options: SSHOptions = .init()) async throws -> [ProcessID] {
  try await addprocs(machines.map { MachineSpec($0) }, options: options)
}

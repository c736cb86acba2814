// What a program may want to know of the processes of its cluster, and of this one, when something is not as it should be.

/// Which build of the program this process runs, the same in all processes of a cluster: its ELF build-id, shortened.
public func buildID() -> String { BuildDigest.current.description }

/// How much processor time the control groups of this process grant (cgroups(7)), in CPUs' worth of time; `nil`: no limit.
public func cpuQuota() -> Double? { ControlGroup.cpuQuota() }

/// The address from which a process is connected to this one; `nil` if it is not connected.
public func peerAddress(of pid: ProcessID) -> TransportAddress? {
  Cluster.current.openLink(to: pid).flatMap { TransportAddress($0.connection.peerDescription) }
}

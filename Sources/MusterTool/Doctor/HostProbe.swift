import Muster

/// Some hosts, and how a worker comes to each of them.
struct HostProbe: Sendable {
  let place: String
  let manager: any ClusterManager
  /// How many workers there are to be on a host; `nil`: found out from those that come.
  let slots: Int?

  /// Starts one worker on each host and looks from there.
  ///
  /// - Parameter peers: how many processes the program would have.
  func checks(_ options: AddprocsOptions, peers: Int) async -> [Check] {
    do {
      let workers = try await addprocs(manager, options: options)
      let hosts = try await Self.hosts(of: workers)
      var checks: [Check] = []
      for host in hosts {
        // Where calls of a program are made: on the Engine.
        let measurement = try await Task.onCluster { try await LinkMeasurement.measure(host.workers[0]) }.value
        checks +=
          HostVerdicts(
            place: hosts.count == 1 ? place : host.facts.name, facts: host.facts, measurement: measurement,
            address: peerAddress(of: host.workers[0]), build: buildID(), slots: slots ?? host.workers.count,
            peers: peers
          ).checks
      }
      // The rest of their end is nobody's time here.
      try? await rmprocs(workers, waitfor: .seconds(1))
      return checks
    } catch {
      return [Self.failure(place, error)]
    }
  }

  private struct Host: Sendable {
    let facts: HostFacts
    var workers: [ProcessID]
  }

  private static func hosts(of workers: [ProcessID]) async throws -> [Host] {
    var hosts: [Host] = []
    for worker in workers {
      let facts = try await remotecallFetch(TellFacts(), on: worker)
      if let index = hosts.firstIndex(where: { $0.facts.name == facts.name }) {
        hosts[index].workers.append(worker)
      } else {
        hosts.append(Host(facts: facts, workers: [worker]))
      }
    }
    return hosts
  }

  /// One that has not answered.
  static func silence(_ place: String, after patience: Duration) -> Check {
    .failure(
      place, "reached", "nothing was heard of it within \(patience)",
      "it waits in a queue, or its network is slow: muster plan shows the command line, try it by hand")
  }

  private static func failure(_ place: String, _ error: any Error) -> Check {
    let text = ((error as? ClusterError)?.message ?? "\(error)").split(separator: "\n").joined(separator: "\n         ")
    return .failure(place, "reached", text, advice(for: text))
  }

  private static func advice(for text: String) -> String {
    let cases: [(word: String, advice: String)] = [
      ("Permission denied", "set up a key that needs no password: ssh-keygen, ssh-copy-id"),
      (
        "Could not resolve",
        "the name is not known here: is it spelled right, or has ssh's configuration an alias for it?"
      ),
      ("Host key verification", "log in once by hand, to make the host known"),
      (
        "the same build of", "install the same build of the program on all hosts, best on a file system that they share"
      ),
      ("No such file", "the executable must be at the same path on all hosts (options.exename)"),
      ("not found", "the executable must be at the same path on all hosts (options.exename)"),
      (
        "called back",
        "a firewall may be between the host and this one: choose a network with --interface, or use options.tunnel"
      ),
    ]
    return cases.first { text.contains($0.word) }?.advice ?? "muster plan shows the command line: try it by hand"
  }
}

extension WorkerOptions {
  /// Hosts are started on their own, so that each has its own fate; very many of them together.
  func probes(_ options: AddprocsOptions) throws -> [HostProbe] {
    let manager = try manager(options)
    if let manager = manager as? SSHManager { return probes(manager.machines, options) }
    if let manager = manager as? HostfileManager { return probes(manager.machines, options) }
    if choice == .slurm, let allocation = try Allocation.current(), allocation.scheduler == .slurm {
      guard allocation.machines.count <= 32 else {
        return [HostProbe(place: "all nodes", manager: try SlurmManager(ntasksPerNode: 1), slots: nil)]
      }
      return try allocation.machines.map { machine in
        HostProbe(
          place: machine.host, manager: try SlurmManager(ntasks: 1, nodelist: [machine.host]),
          slots: machine.count.exactValue)
      }
    }
    let isLocal = manager is LocalManager
    return [
      HostProbe(
        place: isLocal ? "this host" : "\(manager)", manager: isLocal ? LocalManager(1) : manager,
        slots: isLocal ? place.procs?.exactValue ?? 1 : nil)
    ]
  }

  private func probes(_ machines: [MachineSpec], _ options: AddprocsOptions) -> [HostProbe] {
    machines.map { machine in
      var one = machine
      one.count = 1
      return HostProbe(
        place: machine.host, manager: SSHManager([one], options: place.sshOptions(options)),
        slots: machine.count.exactValue ?? 1)
    }
  }
}

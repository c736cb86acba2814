import Glibc

// What each manager would do, from the same command lines that it uses.

extension LocalManager {
  public func launchPlan(_ options: AddprocsOptions) async throws -> LaunchPlan {
    let count = try await workerCount(options)
    var plan = LaunchPlan()
    plan.hosts = [LaunchPlan.Host(hostName(), workers: .exactly(count), isHere: true)]
    plan.commands = [try .worker(options, times: count)]
    return plan
  }
}

extension HostfileManager {
  public func launchPlan(_ options: AddprocsOptions) async throws -> LaunchPlan {
    var plan = try await base.launchPlan(options)
    plan.notes = notes.map { "\(path): \($0)" } + plan.notes
    return plan
  }
}

extension SSHManager {
  public func launchPlan(_ options: AddprocsOptions) async throws -> LaunchPlan {
    var all = self.options
    all.base = options
    try all.validate()
    guard !machines.isEmpty else { throw ClusterError(.invalidArgument, "addprocs: the list of machines is empty") }
    var plan = LaunchPlan()
    var logins: Set<SSHCommand.Login> = []
    for machine in machines {
      try machine.validate()
      plan.hosts.append(LaunchPlan.Host(machine.host, workers: machine.count, isHere: Self.isHere(machine.host)))
      guard logins.insert(SSHCommand.Login(machine)).inserted else { continue }
      var command = try SSHSession.command(
        SSHCommand.Login(machine), exename: machine.exename, dir: machine.dir ?? options.dir, all)
      if all.tunnel {
        command.tunnel = SSHCommand.Tunnel(
          remote: "/tmp/muster-RANDOM.sock", local: SocketDirectory.pattern + "/1.sock")
      }
      if all.multiplex { command.controlPath = SocketDirectory.pattern + "/s-%C" }
      plan.commands.append(
        LaunchPlan.Command([all.ssh] + command.arguments, purpose: "logs in to \(machine.host) and starts its agent"))
    }
    for machine in machines {
      plan.commands.append(
        try .worker(
          options, on: machine.host, times: machine.count.exactValue ?? 0, executable: machine.exename))
    }
    plan.notes.append("at most \(all.maxParallel) hosts are logged in to at once")
    if machines.contains(where: { $0.count.exactValue == nil }) {
      plan.notes.append("a host with the count auto gets a worker for each core that it says it has")
    }
    return plan
  }

  private static func isHere(_ host: String) -> Bool {
    host == hostName() || host == "localhost" || TransportAddress.isLoopback(host)
  }
}

extension SlurmManager {
  public func launchPlan(_ options: AddprocsOptions) async throws -> LaunchPlan {
    try options.validate(count: try workerCount())
    let step = step.running(try options.exename ?? LocalManager.ownExecutable())
    var plan = LaunchPlan()
    plan.placesAcrossHosts = true
    for component in step.componentSteps {
      let what = component.unit == .node ? "starts an agent on each node" : "starts an agent for each worker"
      plan.commands.append(LaunchPlan.Command(Srun.words(component.arguments), purpose: what))
    }
    switch step.place {
    case .nodes(let nodes):
      let here = hostName()
      plan.hosts = nodes.map { node in
        LaunchPlan.Host(
          node.name, workers: .exactly(node.tasks), isHere: here == node.name || here.hasPrefix(node.name + "."))
      }
    case .newJob(let tasks, _, _):
      plan.notes.append("srun asks for a job of its own, and Slurm says which nodes the \(tasks) workers get")
    }
    if step.unit == .task { plan.binder = "srun" }
    for host in plan.hosts {
      plan.commands.append(try .worker(options, on: host.name, times: host.workers.exactValue ?? 1))
    }
    return plan
  }
}

extension PBSManager {
  public func launchPlan(_ options: AddprocsOptions) async throws -> LaunchPlan {
    var plan = LaunchPlan()
    let environment = currentEnvironment()
    let directory = (environment["HOME"] ?? "~") + "/.muster-XXXXXX"
    plan.notes.append("the invitation lies in \(directory) (mode 0700) until all agents have read it")
    switch kind {
    case .inside(let starters):
      let allocation = try PBSAllocation(environment)
      let here = hostName()
      plan.hosts = allocation.targets.map { target in
        LaunchPlan.Host(
          target.host, workers: .exactly(allocation.count(of: target)),
          isHere: here == target.host || here.hasPrefix(target.host + "."))
      }
      guard let starter = starters.first(where: { PBSCommand.path(of: $0.rawValue) != nil }) else {
        let names = starters.map(\.rawValue).joined(separator: ", ")
        throw ClusterError(.launchFailed, "PBSManager: there is none of \(names) here to start workers with")
      }
      let scripts = PBSScripts(
        directory: directory, executable: try options.exename ?? LocalManager.ownExecutable(), environment: [:],
        workingDirectory: "", umask: "")
      plan.commands = starter.commands(for: allocation.targets, scripts: scripts, hostfile: "\(directory)/hosts").map {
        LaunchPlan.Command(
          $0,
          purpose: "starts an agent; if it does not, the next of "
            + starters.map(\.rawValue).joined(separator: ", ") + " is tried")
      }
      for host in plan.hosts {
        plan.commands.append(try .worker(options, on: host.name, times: host.workers.exactValue ?? 1))
      }
    case .submit(let count, let pbs):
      try pbs.validate()
      let request = PBSRequest(dialect: try await PBSQueue.dialect(), workers: count, options: pbs)
      plan.commands = [
        LaunchPlan.Command(
          ["qsub"] + request.arguments + ["\(directory)/job"], purpose: "asks for a job for the workers")
      ]
      plan.notes.append(
        "PBS says which nodes the \(count) workers get; the time in the queue is no part of the timeout")
    }
    return plan
  }
}

extension LaunchPlan.Command {
  /// What becomes a worker; `times` 0: as many as the host has cores.
  static func worker(
    _ options: AddprocsOptions, on host: String? = nil, times: Int, executable: String? = nil
  ) throws -> LaunchPlan.Command {
    LaunchPlan.Command(
      [try executable ?? options.exename ?? LocalManager.ownExecutable(), Invitation.flag] + options.exeflags,
      on: host, times: times, purpose: "a worker")
  }
}

import Muster

/// A plan for people and for other programs.
struct PlanReport: Encodable {
  struct Command: Encodable {
    let words: [String]
    let host: String?
    let times: Int
    let purpose: String
  }

  struct Worker: Encodable {
    let worker: Int
    let host: String
    let cpus: CPUSet
    let isBound: Bool
    let location: String
    /// The host was not asked: it is taken to be like this one.
    let isAssumed: Bool
  }

  struct Times: Encodable {
    let timeout: Double
    let heartbeatTimeout: Double
  }

  let detected: Surroundings
  let manager: String
  let hosts: [String: String]
  let commands: [Command]
  let workers: [Worker]
  let addresses: [String]
  let times: Times
  let notes: [String]
  private let plan: LaunchPlan

  private enum CodingKeys: String, CodingKey {
    case detected, manager, hosts, commands, workers, addresses, times, notes
  }

  init(_ detected: Surroundings, _ plan: LaunchPlan) {
    self.detected = detected
    self.plan = plan
    manager = plan.manager
    hosts = Dictionary(plan.hosts.map { ($0.name, "\($0.workers)") }, uniquingKeysWith: { "\($0)+\($1)" })
    commands = plan.commands.map { Command(words: $0.words, host: $0.host, times: $0.times, purpose: $0.purpose) }
    addresses = plan.addresses.map(\.description)
    times = Times(
      timeout: plan.options.timeout / .seconds(1), heartbeatTimeout: plan.options.heartbeatTimeout / .seconds(1))
    notes = plan.notes
    workers = plan.placement.map { Self.workers(of: $0, plan.hosts) } ?? []
  }

  private static func workers(of placement: PlacementPlan, _ hosts: [LaunchPlan.Host]) -> [Worker] {
    placement.workers.enumerated().map { index, worker in
      let node = placement.nodes[worker.node]
      return Worker(
        worker: index + 2, host: node.name, cpus: worker.cpus, isBound: worker.isBound,
        location: worker.isBound ? node.topology.location(of: worker.cpus) : "not bound, CPU \(worker.cpus)",
        isAssumed: !hosts[worker.node].isHere)
    }
  }

  // MARK: For people

  func lines(on terminal: Terminal) -> [String] {
    func section(_ title: String, _ lines: [String]) -> [String] {
      lines.isEmpty ? [] : [terminal.styled(title, .bold)] + lines.map { "  " + $0 } + [""]
    }
    return
      (section("Detected", detectedLines) + section("Would run, with \(manager)", commandLines)
      + section("Workers", workerLines(terminal)) + section("Process 1 would listen at", addressLines)
      + section("Times", timeLines) + section("Notes", notes)).dropLast()
  }

  private var detectedLines: [String] {
    var lines = ["job         " + jobText, "this host   \(detected.host): \(detected.machine)"]
    if let quota = detected.quota { lines.append("            its control group grants \(quota) CPUs' worth of time") }
    lines.append("MPI         " + mpiText)
    lines.append("executable  \(detected.executable), build \(detected.build)")
    return lines
  }

  private var jobText: String {
    guard let job = detected.job else { return "none: not in a job of Slurm, PBS or LSF" }
    let left = detected.secondsLeft.map { "\(StatusView.time($0)) left" } ?? "no time limit is known"
    return "\(job): \(detected.hosts ?? ""), room for \(detected.slots ?? 0) workers, \(left)"
  }

  private var mpiText: String {
    guard let library = detected.mpi.library else { return "this program was built without it" }
    return "\(library); launcher \(detected.mpi.launcher ?? "not found"); thread level \(detected.mpi.threads ?? "?")"
  }

  private var commandLines: [String] {
    plan.commands.flatMap { command in
      let host = command.host.map { " on \($0)" } ?? ""
      let times = command.times == 1 ? "" : command.times == 0 ? ", for each core" : ", \(command.times) times"
      return ["# \(command.purpose)\(host)\(times)", command.description]
    }
  }

  private func workerLines(_ terminal: Terminal) -> [String] {
    if let binder = plan.binder { return ["where they run is up to \(binder)"] }
    var table = Table(["worker", "host", "runs on"], numbers: [0])
    for worker in workers {
      table.add(["\(worker.worker)", "\(worker.host)\(worker.isAssumed ? " *" : "")", "\(worker.location)"])
    }
    let isAnyAssumed = workers.contains(where: \.isAssumed)
    return workers.isEmpty ? [] : table.lines(on: terminal) + (isAnyAssumed ? ["* taken to be like this host"] : [])
  }

  private var addressLines: [String] {
    addresses.map { $0.hasPrefix("tcp:") && $0.hasSuffix(":0") ? "\($0.dropLast(2)), a free port" : $0 }
      + (plan.options.isRestricted ? [] : ["what crosses the network is sealed under a key of each connection"])
  }

  private var timeLines: [String] {
    [
      "\(times.timeout) s from the start of a worker until it has joined (MUSTER_WORKER_TIMEOUT)",
      "\(times.heartbeatTimeout) s of silence, and a process is lost",
    ]
  }
}

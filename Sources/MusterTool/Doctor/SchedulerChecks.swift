import Muster

/// The batch system: its commands, whether it answers, how its srun starts MPI, and how long the job has.
enum SchedulerChecks {
  private static let place = "scheduler"

  static func all() async -> [Check] {
    var checks = commands
    checks += await slurm()
    checks += await pbs()
    checks += await job()
    return checks
  }

  /// Of each batch system of which there is something, what there is.
  private static var commands: [Check] {
    let systems: [(Allocation.Scheduler, [String])] = [
      (.slurm, ["srun", "sbatch", "scontrol", "squeue", "scancel"]), (.pbs, ["qsub", "qstat", "qdel"]),
      (.lsf, ["bsub", "bjobs"]),
    ]
    let current = (try? Allocation.current())??.scheduler
    let checks = systems.compactMap { scheduler, names -> Check? in
      let missing = names.filter { CommandOutput.path(of: $0) == nil }
      let here = names.filter { !missing.contains($0) }.joined(separator: ", ")
      if missing.isEmpty { return .ok(place, "commands", "\(scheduler.rawValue): \(here)") }
      if scheduler == current {
        return .failure(
          place, "commands",
          "this is a job of \(scheduler.rawValue), but \(missing.joined(separator: ", ")) cannot be found",
          "load \(scheduler.rawValue)'s module, or put its commands on PATH (also in the job)")
      }
      if here.isEmpty { return nil }
      return .warning(
        place, "commands", "\(scheduler.rawValue): \(here), but not \(missing.joined(separator: ", "))",
        "put all of its commands on PATH if you mean to use it")
    }
    return checks.isEmpty
      ? [.ok(place, "commands", "none of Slurm, PBS or LSF here: workers by ssh or on this host")] : checks
  }

  private static func slurm() async -> [Check] {
    guard CommandOutput.path(of: "srun") != nil else { return [] }
    async let ping = CommandOutput.of(["scontrol", "ping"], within: 5)
    async let types = CommandOutput.of(["srun", "--mpi=list"], within: 5)
    var checks: [Check] = []
    if let ping = await ping {
      checks.append(
        ping.code == 0 && ping.text.contains("UP")
          ? .ok(place, "slurmctld", firstLine(ping.text))
          : .warning(
            place, "slurmctld", firstLine(ping.text),
            "Slurm does not answer: is SLURM_CONF right, is it being maintained?"))
    }
    if let types = await types { checks.append(mpiTypes(types)) }
    return checks
  }

  /// `MPI plugin types are...` and a type in each line; on standard error.
  static func mpiTypes(_ output: CommandOutput) -> Check {
    let types = output.text.split(whereSeparator: \.isNewline).dropFirst().map { $0.filter { !$0.isWhitespace } }
      .filter { !$0.isEmpty && !$0.contains(":") }
    guard output.code == 0, !types.isEmpty else {
      return .warning(place, "srun --mpi", firstLine(output.text), "srun does not say how it starts MPI programs")
    }
    let list = types.joined(separator: ", ")
    return types.contains { $0.hasPrefix("pmi") }
      ? .ok(place, "srun --mpi", list)
      : .warning(
        place, "srun --mpi", "\(list): neither pmix nor pmi2",
        "MPI programs cannot be started by srun itself: use mpirun in the job")
  }

  private static func pbs() async -> [Check] {
    // Slurm's imitation knows no --version.
    guard CommandOutput.path(of: "qstat") != nil, CommandOutput.path(of: "pbsnodes") != nil,
      CommandOutput.path(of: "srun") == nil, let answer = await CommandOutput.of(["qstat", "-B"], within: 5)
    else { return [] }
    return [
      answer.code == 0
        ? .ok(place, "pbs server", "it answers")
        : .warning(
          place, "pbs server", firstLine(answer.text), "the server of PBS does not answer: is PBS_SERVER right?")
    ]
  }

  private static func job() async -> [Check] {
    let allocation: Allocation?
    do { allocation = try Allocation.current() } catch {
      return [
        .failure(place, "job", error.message, "the variables of the job have been changed: start from a fresh one")
      ]
    }
    guard let allocation else { return [.ok(place, "job", "none: this is not run in a job")] }
    let text = "\(allocation.job) on \(NodeList(allocation.machines.map(\.host)))"
    guard let left = await timeLeft() else { return [.ok(place, "job", "\(text), no time limit is known")] }
    let whole = "\(text), \(StatusView.time(left / .seconds(1))) left"
    return [
      left < .seconds(300)
        ? .warning(place, "job", whole, "the job is about to end: pmapInPart keeps what is done by then")
        : .ok(place, "job", whole)
    ]
  }

  private static func firstLine(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "it says nothing"
  }
}

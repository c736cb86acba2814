#if MPI
  import Glibc
  import Muster
  import Synchronization

  /// Starts workers as the ranks of an MPI job, by `mpirun` or `mpiexec`, from a process 1 that is outside of it.
  ///
  /// Process 1 talks to the ranks by sockets, and they to each other; MPI is there for `mpiDo`. When a rank dies the
  /// others stay, as far as the launcher lets them.
  public final class MPIWorkerManager: MPIRanks, CustomStringConvertible {
    /// How long the launcher may take to end after its ranks have been asked to.
    private static let exitTimeout: Duration = .seconds(10)

    public let count: Int
    /// The launcher's path, or its name if it is in PATH.
    public let mpiexec: String
    /// For the launcher, before the program: `["--hostfile", "hosts"]`.
    public let flags: [String]
    /// What the ranks ask MPI for.
    public let threadLevel: ThreadLevel
    private let kind: MPILauncher.Kind?
    private let state = Mutex(State())

    private struct State: Sendable {
      var launcher: LauncherProcess?
      var pids: [ProcessID] = []
      var left: Set<ProcessID> = []
      /// It has stayed when a rank was lost.
      var outlivesRanks = false
    }

    /// - Parameters:
    ///   - count: how many ranks.
    ///   - mpiexec: the launcher.
    ///   - kind: whose it is; found out from what it prints with `--version` if `nil`.
    ///   - flags: for it.
    ///   - threadLevel: what the ranks ask MPI for.
    public init(
      _ count: Int, mpiexec: String = "mpirun", kind: MPILauncher.Kind? = nil, flags: [String] = [],
      threadLevel: ThreadLevel = .multiple
    ) {
      self.count = count
      self.mpiexec = mpiexec
      self.kind = kind
      self.flags = flags
      self.threadLevel = threadLevel
    }

    public var description: String { "MPIWorkerManager(\(count), \(mpiexec))" }

    public var mpiprocs: [ProcessID] { state.withLock { $0.pids } }

    public func workerCount() throws -> Int {
      guard count > 0 else {
        throw ClusterError(.invalidArgument, "MPIWorkerManager: \(count) ranks: at least one is needed")
      }
      return count
    }

    /// If the launcher is told of hosts.
    public func needsNetwork(_ options: AddprocsOptions) -> Bool {
      let names = ["-H", "-host", "--host", "-hosts", "-hostfile", "--hostfile", "-machinefile", "--machinefile", "-f"]
      return flags.contains { flag in names.contains { flag == $0 || flag.hasPrefix($0 + "=") } }
    }

    public func launch(_ request: LaunchRequest) async throws {
      try state.withLock { state throws(ClusterError) in
        guard state.left.isSuperset(of: state.pids) else {
          throw ClusterError(
            .invalidArgument,
            "addprocs: this \(self) has started the workers \(state.pids.map(\.description).joined(separator: ", ")) "
              + "already: one manager is one MPI job")
        }
        state = State()
        state.pids = request.workers.map(\.pid)
      }
      let (launcher, process) = try start(request)
      state.withLock { $0.launcher = process }
      for worker in request.workers {
        var config = WorkerConfig()
        config.exename = request.options.exename
        config.exeflags = request.options.exeflags
        request.started(worker, config)
      }
      Task.onCluster {
        let status = await process.waitForExit()
        for worker in request.workers {
          request.failed(worker, reason: "\(launcher.path) \(status) before it joined", output: process.lastLines)
        }
      }
    }

    private func start(_ request: LaunchRequest) throws -> (MPILauncher, LauncherProcess) {
      do {
        let launcher = try launcher()
        return (launcher, try start(launcher, request))
      } catch {
        state.withLock { $0 = State() }
        throw error
      }
    }

    private func launcher() throws -> MPILauncher {
      if let kind { return MPILauncher(path: mpiexec, kind: kind) }
      guard let launcher = MPILauncher.detect(mpiexec) else {
        throw ClusterError(
          .launchFailed,
          "MPIWorkerManager: '\(mpiexec) --version' does not say that it is an MPI launcher: is it in PATH? "
            + "(mpiexec: names another one, kind: says whose it is)")
      }
      return launcher
    }

    private func start(_ launcher: MPILauncher, _ request: LaunchRequest) throws -> LauncherProcess {
      let options = request.options
      var environment = request.environment(for: request.workers[0])
      environment[MPIWorker.levelVariable] = "\(threadLevel.rawValue)"
      return try LauncherProcess(
        executable: launcher.path, arguments: arguments(of: launcher, environment.keys.sorted(), options),
        environment: environment, directory: options.dir, input: MPIWorker.input(request),
        name: launcher.path)
    }

    private func arguments(
      of launcher: MPILauncher, _ variables: [String], _ options: AddprocsOptions
    ) throws -> [String] {
      let program = try [options.exename ?? pathOfThisExecutable(), MPIWorker.flag] + options.exeflags
      return launcher.arguments(count: count, variables: variables, flags: flags, program: program)
    }

    /// The launcher binds the ranks, and says on which hosts they are.
    public func launchPlan(_ options: AddprocsOptions) async throws -> LaunchPlan {
      _ = try workerCount()
      let launcher = try launcher()
      let variables = [MPIWorker.levelVariable] + LaunchRequest.threadVariables + options.env.keys
      var plan = LaunchPlan()
      plan.binder = launcher.path
      plan.commands = [
        LaunchPlan.Command(
          [launcher.path] + (try arguments(of: launcher, variables.sorted(), options)),
          purpose: "starts \(count) ranks, which are the workers; each asks MPI for \(threadLevel)")
      ]
      return plan
    }

    public func lossReason(_ pid: ProcessID, _ config: WorkerConfig) async -> String? {
      let (launcher, outlivesRanks) = state.withLock { ($0.launcher, $0.outlivesRanks) }
      guard let launcher else { return nil }
      // A launcher that goes on without a rank has nothing to say of it, nor of the next; another one ends with it.
      let limit: Duration = outlivesRanks ? .zero : .milliseconds(250)
      let status = await launcher.waitForExit(atMost: limit)
      if status == nil { state.withLock { $0.outlivesRanks = true } }
      return status.map { "\(mpiexec) \($0)" }
    }

    /// The ranks end together, with the launcher.
    public func kill(_ pid: ProcessID, _ config: WorkerConfig) async throws {
      let launcher = state.withLock { state -> LauncherProcess? in
        state.left.insert(pid)
        return state.left.isSuperset(of: state.pids) ? state.launcher : nil
      }
      guard let launcher else { return }
      for signal in [SIGTERM, SIGKILL] {
        if await launcher.waitForExit(atMost: Self.exitTimeout) != nil { return }
        launcher.signal(signal)
      }
      _ = await launcher.waitForExit()
    }
  }
#endif

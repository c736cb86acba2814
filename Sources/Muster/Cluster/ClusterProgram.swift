import CMuster
import Glibc

/// A program that uses a cluster. Launched by you, `run()` is process 1; launched as a worker by Muster, the same
/// executable serves process 1 and exits with it.
///
///     @main struct Program: ClusterProgram {
///       func run() async throws {
///         try await addprocs()
///         print(try await pmap(Square(), 1...10))
///       }
///     }
///
/// Started by `srun ./program`, the task of rank 0 is process 1, and the others are its workers, before `run()` begins.
///
/// The command line may begin with `--procs N` or `--procs auto` (as `julia -p`), which starts local workers before
/// `run()`, and with `--machine-file F`, which starts workers on the machines of a hostfile; a format goes before its name,
/// `mpich:F`, where the file does not show it. These words are then removed from `CommandLine.arguments`.
public protocol ClusterProgram: SendableMetatype {
  /// Made in process 1 only, when its workers of the command line are there.
  init()
  /// The program: what process 1 does. What it throws is written to standard error, and the exit status is 1.
  func run() async throws
}

extension ClusterProgram {
  /// Serves if this process was launched as a worker; otherwise runs the program, removes the workers and exits.
  @concurrent public static func main() async {
    await becomeWorkerIfLaunchedAsOne()
    muster_line_buffer_output()
    let cluster = Cluster.process
    // Of the ranks of an MPI job, rank 0 is going to be process 1.
    if ProcessRank.ofThisProcess ?? 0 == 0 { cluster.recordEventsIfAsked() }
    do {
      let arguments = try ProgramArguments.takeLaunchArguments()
      try await cluster.run {
        try await addSlurmTasks()
        if let file = arguments.machineFile { try await addprocs(hostfile: file.path, format: file.format) }
        if let count = arguments.workers { try await addprocs(count) }
        try await Self().run()
      }
    } catch {
      await cluster.waitIfEnding()
      printError(cluster.firstError.report(error))
      cluster.events.record(.failed("\(error)"))
      await cluster.shutdown()
      exit(1)
    }
    await cluster.waitIfEnding()
    await cluster.shutdown()
    exit(0)
  }
}

/// The first line of a `main()` of your own (an `AsyncParsableCommand`'s, say): in a process that was launched as a
/// worker it serves and does not return; in any other it returns at once.
public func becomeWorkerIfLaunchedAsOne() async {
  if WorkerProcess.isInvited { await WorkerProcess.serve() }
  if let task = SlurmTask.ofThisProcess, task.rank > 0 { await WorkerProcess.serve(task) }
}

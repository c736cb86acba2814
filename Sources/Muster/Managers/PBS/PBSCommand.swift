import Glibc
import Synchronization

/// A command of the batch system, run to its end.
enum PBSCommand {
  struct Result: Sendable {
    let code: Int
    /// What it has written, on either stream.
    let output: String
  }

  /// Runs a command.
  ///
  /// - Throws: `ClusterError` `.launchFailed` where it cannot be started or does not end in time; `CancellationError`, and
  ///   the command has been killed then.
  static func run(_ words: [String], within limit: Duration = .seconds(30)) async throws -> Result {
    let process = try start(words)
    let status: ExitStatus? = await withTaskCancellationHandler {
      await process.child.waitForExit(atMost: limit)
    } onCancel: {
      process.child.signal(SIGKILL)
    }
    guard let status else {
      process.child.signal(SIGKILL)
      _ = await process.child.waitForExit()
      try Task.checkCancellation()
      throw ClusterError(.launchFailed, "\(words[0]) has not answered within \(limit): the server may be down")
    }
    let code = status.signal.map { 128 + Int($0) } ?? Int(status.rawValue >> 8) & 0xff
    return Result(code: code, output: process.output.text)
  }

  /// One that runs as long as what it has started.
  struct Running: Sendable {
    let child: ChildProcess
    let output: Output
  }

  /// - Throws: `ClusterError` `.launchFailed` where there is no such command.
  static func start(_ words: [String], input: String = "") throws -> Running {
    let cluster = Cluster.current
    let output = Output()
    let writer = OutputWriter { bytes, _ in output.append(bytes) }
    let forwarder = OutputForwarder(prefix: "", engine: cluster.engine, cluster: cluster, writer: writer)
    // By its name alone: Open MPI's mpirun takes a path for where it is installed on every node.
    let name = words[0].split(separator: "/").last.map(String.init)
    let child = try ChildProcess.spawn(
      ChildProcess.Command(
        executable: path(of: words[0]) ?? words[0], arguments: Array(words.dropFirst()),
        environment: currentEnvironment(), directory: nil,
        input: input, calledAs: name),
      engine: cluster.engine, output: forwarder)
    return Running(child: child, output: output)
  }

  /// What a command has written, the beginning of it.
  final class Output: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    func append(_ more: [UInt8]) { bytes.withLock { if $0.count < 1 << 20 { $0 += more } } }

    var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
  }

  /// Where a command is, if it is; PBS need not be on the path of a job.
  static func path(of name: String, _ environment: [String: String] = currentEnvironment()) -> String? {
    if name.contains("/") { return name }
    let folders = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
    let own = environment["PBS_EXEC"].map { ["\($0)/bin"] } ?? []
    return (folders + own + ["/opt/pbs/bin"]).map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }
}

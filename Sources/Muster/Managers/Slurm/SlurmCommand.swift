import Glibc
import Synchronization

/// Slurm's own commands, of which Muster asks what it cannot know.
enum SlurmCommand {
  /// What a command prints on standard output; `nil` if it fails, is not there, or takes longer than `limit`.
  static func output(_ name: String, _ arguments: [String], within limit: Duration) async -> String? {
    let cluster = Cluster.current
    let printed = Mutex<[UInt8]>([])
    let heard = HeardOutput { bytes, isError in if !isError { printed.withLock { $0 += bytes } } }
    let command = ChildProcess.Command(
      executable: name, arguments: arguments, environment: SlurmEnvironment.cleaned(currentEnvironment()),
      directory: nil, input: "")
    guard let child = try? ChildProcess.spawn(command, engine: cluster.engine, output: heard.forwarder(in: cluster))
    else { return nil }
    guard let status = await child.waitForExit(atMost: limit) else {
      child.signal(SIGKILL)
      _ = await child.waitForExit()
      return nil
    }
    return status.code == 0 ? String(decoding: printed.withLock { $0 }, as: UTF8.self) : nil
  }
}

/// What a child writes is for us and not for our own output.
struct HeardOutput {
  private let writer: OutputWriter

  init(_ hear: @escaping @Sendable (_ bytes: [UInt8], _ isError: Bool) -> Void) {
    writer = OutputWriter { hear($0, $1) }
  }

  func forwarder(in cluster: Cluster) -> OutputForwarder {
    OutputForwarder(prefix: "", engine: cluster.engine, cluster: cluster, writer: writer)
  }
}

import Synchronization

/// A program that starts workers (`mpirun`, say), as a child of process 1: for the managers of other modules.
package final class LauncherProcess: Sendable {
  private let child: ChildProcess
  private let output: OutputForwarder

  /// - Parameters:
  ///   - input: what it finds on its standard input.
  ///   - name: what its output is marked with.
  /// - Throws: `ClusterError` `.launchFailed`.
  package init(
    executable: String, arguments: [String], environment: [String: String], directory: String?, input: String,
    name: String
  ) throws {
    let cluster = Cluster.current
    output = OutputForwarder(prefix: "From \(name):\t", engine: cluster.engine, cluster: cluster)
    child = try ChildProcess.spawn(
      ChildProcess.Command(
        executable: executable, arguments: arguments, environment: currentEnvironment().merging(environment) { $1 },
        directory: directory, input: input), engine: cluster.engine, output: output)
  }

  package var pid: Int32 { child.pid }

  /// The last it said, and what it started.
  package var lastLines: [String] { output.lastLines }

  /// Waits for its end, and says how it ended.
  package func waitForExit() async -> String { "\(await child.waitForExit())" }

  package func waitForExit(atMost limit: Duration) async -> String? {
    await child.waitForExit(atMost: limit).map { "\($0)" }
  }

  package func signal(_ number: Int32) { child.signal(number) }
}

/// Where this program's executable is.
///
/// - Throws: `ClusterError` `.launchFailed` if that cannot be found out.
package func pathOfThisExecutable() throws -> String { try LocalManager.ownExecutable() }

/// A shell that waits for the end of this process, however that comes, and then deletes its job and the files with its
/// secret: a job that still waits in the queue would start later, and nobody else knows of it.
///
/// It reads from a pipe that ends with this process. SIGHUP, SIGINT and SIGTERM, which a terminal or a batch system may send
/// to all, do not end it.
final class PBSGuard: Sendable {
  private static let script = """
    trap "" HUP INT TERM
    job=
    while read -r word; do
      if [ "$word" = done ]; then exit 0; fi
      job=$word
    done
    rm -rf -- "$1"
    if [ -n "$job" ]; then "$2" "$job" || "$2" -W force "$job"; fi
    """

  private let child: ChildProcess

  /// - Parameter directory: what is to be removed.
  /// - Throws: `ClusterError` `.launchFailed`.
  init(_ directory: String) throws {
    let cluster = Cluster.current
    let nobody = OutputWriter { _, _ in }
    child = try ChildProcess.spawn(
      ChildProcess.Command(
        executable: "/bin/sh",
        arguments: ["-c", Self.script, "muster-guard", directory, PBSCommand.path(of: "qdel") ?? "qdel"],
        environment: currentEnvironment(), directory: nil, input: "", keepsInput: true),
      engine: cluster.engine,
      output: OutputForwarder(prefix: "", engine: cluster.engine, cluster: cluster, writer: nobody))
  }

  /// There is a job now, too.
  func watch(_ job: PBSJobID) { child.write("\(job)\n") }

  /// Nothing is left to be deleted.
  func end() async {
    dismiss()
    _ = await child.waitForExit()
  }

  private func dismiss() {
    child.write("done\n")
    child.closeInput()
  }

  deinit { dismiss() }
}

import Synchronization

/// A shell that submits a job, waits for the end of this process, however that comes, and then deletes the job and the files
/// with its secret: a job that still waits in the queue would start later, and nobody else knows of it.
///
/// It reads from a pipe that ends with this process. SIGHUP, SIGINT and SIGTERM, which a terminal or a batch system may send
/// to all, do not end it.
final class PBSGuard: Sendable {
  /// It runs qsub itself: if this process ends meanwhile, it hears of the job all the same.
  private static let script = """
    trap "" HUP INT TERM PIPE
    job=
    while read -r word command; do
      if [ "$word" = done ]; then exit 0; fi
      answer=$(eval "$command" 2>&1 </dev/null)
      code=$?
      if [ "$code" = 0 ]; then job=$(printf '%s\\n' "$answer" | sed -n '/[^[:space:]]/h;${g;p;}'); fi
      printf '%s\\n\(answerMark)%s\\n' "$answer" "$code"
    done
    rm -rf -- "$1"
    if [ -n "$job" ]; then "$2" "$job" || "$2" -W force "$job"; fi
    """
  private static let answerMark = "muster-guard "

  private let child: ChildProcess
  private let cluster: Cluster
  private let answer = Promise<PBSCommand.Result>()
  private let isSubmitting = Atomic<Bool>(false)

  /// - Parameter directory: what is to be removed.
  /// - Throws: `ClusterError` `.launchFailed`.
  init(_ directory: String) throws {
    cluster = Cluster.current
    let output = PBSCommand.Output()
    let heard = HeardOutput { [answer] bytes, _ in
      output.append(bytes)
      if let result = Self.result(in: output.text) { answer.fulfil(.success(result)) }
    }
    let words = ["-c", Self.script, "muster-guard", directory, PBSCommand.path(of: "qdel") ?? "qdel"]
    child = try ChildProcess.spawn(
      ChildProcess.Command(
        executable: "/bin/sh", arguments: words, environment: currentEnvironment(), directory: nil, input: "",
        keepsInput: true),
      engine: cluster.engine, output: heard.forwarder(in: cluster))
  }

  /// What the command has said, when its code has followed.
  private static func result(in text: String) -> PBSCommand.Result? {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    guard let last = lines.lastIndex(where: { $0.hasPrefix(answerMark) }),
      let code = Int(lines[last].dropFirst(answerMark.count))
    else { return nil }
    return PBSCommand.Result(code: code, output: lines[..<last].joined(separator: "\n"))
  }

  /// Submits a job.
  ///
  /// - Throws: `ClusterError` `.launchFailed` where that does not end in time; what comes of it later is deleted.
  func submit(_ words: [String], within limit: Duration = .seconds(30)) async throws -> PBSCommand.Result {
    let command = ([PBSCommand.path(of: words[0]) ?? words[0]] + words.dropFirst()).map(SSHOptions.Shell.posix.quoted)
    isSubmitting.store(true, ordering: .relaxed)
    child.write("submit \(command.joined(separator: " "))\n")
    guard let result = await answer.value(within: limit, cluster.engine) else {
      throw ClusterError(.launchFailed, "\(words[0]) has not answered within \(limit): the server may be down")
    }
    isSubmitting.store(false, ordering: .relaxed)
    return result
  }

  /// Nothing is left to be deleted, unless a submission has not been answered: then it has to be.
  func end() async {
    dismiss()
    if !isSubmitting.load(ordering: .relaxed) { _ = await child.waitForExit() }
  }

  private func dismiss() {
    if !isSubmitting.load(ordering: .relaxed) { child.write("done\n") }
    child.closeInput()
  }

  deinit { dismiss() }
}

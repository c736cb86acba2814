/// The files by which what PBS starts becomes an agent of this process.
struct PBSInvitations: Sendable {
  let directory: SecretDirectory
  let guardian: PBSGuard
  let scripts: PBSScripts

  /// - Parameters:
  ///   - invitation: what agents must read.
  ///   - parent: a directory that all nodes see; the home directory if `nil`.
  init(_ invitation: String, _ options: AddprocsOptions, in parent: String?) throws {
    let environment = currentEnvironment()
    guard let parent = parent ?? environment["HOME"] else {
      throw ClusterError(
        .invalidArgument, "PBSManager: HOME is not set: give a directory that all nodes see, options.sharedDirectory")
    }
    directory = try SecretDirectory(in: parent)
    guardian = try PBSGuard(directory.path)
    scripts = PBSScripts(
      directory: directory.path, executable: try options.exename ?? LocalManager.ownExecutable(),
      environment: environment, workingDirectory: options.dir ?? PBSAllocation.workingDirectory(environment),
      umask: Self.umask)
    try directory.write(invitation, to: PBSScripts.invitation)
    try directory.write(scripts.agent, to: PBSScripts.agent)
  }

  /// Of this process, in octal digits; umask(2) cannot be asked without setting it.
  private static var umask: String {
    let line = readSmallFile("/proc/self/status")?.split(separator: "\n").first { $0.hasPrefix("Umask:") }
    return line.map { $0.dropFirst("Umask:".count).trimmed } ?? "077"
  }
}

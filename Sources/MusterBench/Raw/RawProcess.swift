import Glibc

/// A running `RawPeer` and the socket to it.
struct RawProcess {
  let pid: pid_t
  let socket: RawSocket

  /// Runs `body` with a peer, which is gone afterwards: a peer that spins must not disturb what comes next.
  static func with<Result>(
    _ work: RawPeer.Work, over kind: SocketKind, waiting: Waiting, size: Int = 0, _ body: (RawProcess) throws -> Result
  ) throws -> Result {
    let (mine, theirs) = try kind.makePair()
    let arguments = [RawPeer.name, work.rawValue, "--size", String(size), "--waiting", waiting.rawValue]
    let pid: pid_t
    do {
      defer { close(theirs) }
      pid = try spawn("/proc/self/exe", arguments, descriptor: theirs)
    }
    defer {
      close(mine)
      waitpid(pid, nil, 0)
    }
    return try body(RawProcess(pid: pid, socket: RawSocket(descriptor: mine, waiting: waiting)))
  }
}

/// Starts a process.
///
/// - Parameter descriptor: becomes `RawPeer.descriptor` there.
func spawn(_ path: String, _ arguments: [String] = [], descriptor: Int32? = nil) throws -> pid_t {
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  if let descriptor { posix_spawn_file_actions_adddup2(&actions, descriptor, RawPeer.descriptor) }
  var words = ([path] + arguments).map { strdup($0) } + [nil]
  defer { for word in words { free(word) } }
  var pid: pid_t = 0
  let error = posix_spawn(&pid, path, &actions, nil, &words, environ)
  guard error == 0 else { throw BenchError("starting \(path): \(String(cString: strerror(error)))") }
  return pid
}

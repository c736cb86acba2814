import Glibc
import Muster
import Synchronization

/// A command that runs, as a process group of its own.
final class CommandProcess: Sendable {
  /// Between the request to end and the order.
  static let grace: Duration = .seconds(1)
  /// How often to look whether a command has ended whose descendants keep its output open, in milliseconds.
  private static let period: Int32 = 100

  private struct State {
    var fate = CommandOutcome.Fate.ended
    var isReaped = false
  }

  let pid: Int32
  private let state = Mutex(State())

  /// - Parameters:
  ///   - command: for the shell, unless it needs none.
  ///   - output: the writing end of a pipe; likewise `errors`.
  /// - Throws: `MapError` when not even the shell can be started.
  init(_ command: Bytes, shell: String, environment: CommandEnvironment, output: Int32, errors: Int32) throws(MapError)
  {
    var result = ENOENT
    var pid: Int32 = 0
    if environment.mayOmitShell, let words = SimpleCommand.words(of: command) {
      result = Self.spawn(words, environment, output, errors, &pid)
    }
    // A command that cannot be found is for the shell to complain about.
    if result != 0 { result = Self.spawn([shell.bytes, "-c".bytes, command], environment, output, errors, &pid) }
    guard result == 0 else { throw MapError("cannot start \(shell)", errno: result) }
    self.pid = pid
  }

  // MARK: Its end

  /// Reads all it writes, and waits for its end.
  ///
  /// What a descendant writes that outlives it is not waited for.
  ///
  /// - Returns: as wait(2) reports it, and what has become of it.
  func waitForExit(
    _ output: inout Capture, _ errors: inout Capture, through buffer: UnsafeMutableRawBufferPointer, _ spill: SpillFile
  ) -> (status: Int32, fate: CommandOutcome.Fate) {
    var latest = ContinuousClock.now
    while !(output.isAtEnd && errors.isAtEnd) {
      Self.poll(&output, &errors, buffer, spill)
      // A descendant may write all the time.
      let now = ContinuousClock.now
      guard now - latest >= .milliseconds(Self.period) else { continue }
      latest = now
      if hasEnded(options: WNOHANG) {
        output.readRest(through: buffer, spill)
        errors.readRest(through: buffer, spill)
        break
      }
    }
    while !hasEnded(options: 0) {}
    return reap()
  }

  /// Reads from those streams that have something, or their end, within a period.
  private static func poll(
    _ output: inout Capture, _ errors: inout Capture, _ buffer: UnsafeMutableRawBufferPointer, _ spill: SpillFile
  ) {
    // A negative descriptor is passed over.
    var polled = (
      pollfd(fd: output.isAtEnd ? -1 : output.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: errors.isAtEnd ? -1 : errors.descriptor, events: Int16(POLLIN), revents: 0)
    )
    let count = withUnsafeMutablePointer(to: &polled) {
      $0.withMemoryRebound(to: pollfd.self, capacity: 2) { Glibc.poll($0, 2, period) }
    }
    guard count > 0 else { return }
    if polled.0.revents != 0 { output.read(through: buffer, spill) }
    if polled.1.revents != 0 { errors.read(through: buffer, spill) }
  }

  /// Whether it has; its number stays taken until it is reaped.
  private func hasEnded(options: Int32) -> Bool {
    var info = siginfo_t()
    let result = waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT | options)
    return result == 0 && info.si_signo == SIGCHLD
  }

  private func reap() -> (status: Int32, fate: CommandOutcome.Fate) {
    state.withLock { state in
      // What is left of a group that had to be killed goes with it. It still has its number.
      if state.fate != .ended { kill(-pid, SIGKILL) }
      var status: Int32 = 0
      while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
      state.isReaped = true
      return (status, state.fate)
    }
  }

  /// Asks all of it to end, and sees to it a little later.
  func end(_ fate: CommandOutcome.Fate) {
    guard signal(SIGTERM, fate) else { return }
    Task.onCluster { [self] in
      try await Task.sleep(for: Self.grace)
      _ = signal(SIGKILL, fate)
    }
  }

  /// - Returns: whether it was still there.
  private func signal(_ number: Int32, _ fate: CommandOutcome.Fate) -> Bool {
    state.withLock { state in
      guard !state.isReaped else { return false }
      if state.fate == .ended { state.fate = fate }
      // A stopped process does not hear of it otherwise.
      kill(-pid, number)
      kill(-pid, SIGCONT)
      return true
    }
  }

  // MARK: posix_spawn

  private static func spawn(
    _ words: [Bytes], _ environment: CommandEnvironment, _ output: Int32, _ errors: Int32, _ pid: inout Int32
  ) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, environment.standardInput, STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))

    let arguments = words.map { word in strndup(word.map { CChar(bitPattern: $0) }, word.count) } + [nil]
    defer { for argument in arguments { free(argument) } }
    return environment.withPointers { variables in
      CloseOnExec.spawn { posix_spawnp(&pid, arguments[0]!, &actions, &attributes, arguments, variables) }
    }
  }
}

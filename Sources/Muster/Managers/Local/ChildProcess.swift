import CMuster
import Glibc
import Logging
import Synchronization

/// How a process ended.
struct ExitStatus: Hashable, Sendable, CustomStringConvertible {
  /// As wait(2) reports it.
  let rawValue: Int32

  var signal: Int32? { rawValue & 0x7f != 0 ? rawValue & 0x7f : nil }
  var code: Int32? { signal == nil ? (rawValue >> 8) & 0xff : nil }

  /// What the description begins with where a signal is to blame.
  static let killed = "killed by signal"

  var description: String {
    if let signal { return "\(Self.killed) \(signal) (\(String(cString: strsignal(signal))))" }
    return "exited with status \(code ?? 0)"
  }
}

/// A child of this process, its standard streams connected to us.
///
/// Not swift-subprocess: a launch of many workers must cost little more than fork and exec, and the exit is an event
/// of the Engine (pidfd) like everything else, not of a thread of its own.
final class ChildProcess: IOSource {
  struct Command {
    var executable: String
    var arguments: [String]
    var environment: [String: String]
    var directory: String?
    /// What it finds on its standard input.
    var input: String
    /// What it is told that it was called as; the executable if `nil`.
    var calledAs: String?
    /// Its standard input does not end before `closeInput`, or with this process.
    var keepsInput = false
    /// Where a program says which executable.
    var option = "options.exename"
  }

  let pid: Int32
  private let descriptor: Int32
  private let engine: Engine
  private let output: OutputForwarder
  private let input: Mutex<Pipe?>
  private let exit = Promise<ExitStatus>()
  /// As `exit`, but at once, whoever still has to take its output.
  private let reaped = Promise<ExitStatus>()
  /// Its number may be somebody else's from then on. Held while it is signalled.
  private let isReaped = Mutex(false)

  /// Starts a process in a process group of its own, so that Ctrl-C at the terminal is ours to deal with.
  static func spawn(_ command: Command, engine: Engine, output: OutputForwarder) throws -> ChildProcess {
    if let directory = command.directory, access(directory, X_OK) != 0 {
      throw ClusterError(.launchFailed, "cannot enter options.dir \(directory): \(describe(errno: errno))")
    }
    let input = try Pipe()
    let standardOutput = try Pipe()
    let standardError = try Pipe()
    // Written before anybody reads it, so that a child that ends at once cannot break the pipe.
    try input.fill(command.input)
    let pid = try spawn(command, input, standardOutput, standardError)
    if !command.keepsInput { input.closeBoth() }
    let descriptor = muster_pidfd_open(pid)
    guard descriptor >= 0 else {
      let reason = describe(errno: errno)
      Glibc.kill(pid, SIGKILL)
      waitpid(pid, nil, 0)
      throw ClusterError(
        .launchFailed, "cannot watch process \(pid): pidfd_open: \(reason) (Linux 5.3 or later is needed)")
    }
    output.start(standardOutput: standardOutput.takeReader(), standardError: standardError.takeReader())
    let child = ChildProcess(
      pid: pid, descriptor: descriptor, engine: engine, output: output, input: command.keepsInput ? input : nil)
    try engine.poller.add(child, descriptor: descriptor)
    return child
  }

  private init(pid: Int32, descriptor: Int32, engine: Engine, output: OutputForwarder, input: sending Pipe?) {
    self.pid = pid
    self.input = Mutex(input)
    self.descriptor = descriptor
    self.engine = engine
    self.output = output
  }

  var hasEnded: Bool { reaped.result != nil }

  // MARK: Its input

  /// Writes to its standard input, if it was to stay open. Both ends of the pipe are open here, so one that has ended does
  /// not end this process.
  func write(_ text: String) { input.withLock { try? $0?.fill(text) } }

  func closeInput() { input.withLock { $0 = nil } }

  // MARK: Its end

  func readable() -> Bool {
    let status = isReaped.withLock { isReaped -> Int32? in
      var status: Int32 = 0
      guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
      isReaped = true
      return status
    }
    guard let status else { return false }
    engine.poller.remove(descriptor: descriptor)
    close(descriptor)
    let result = ExitStatus(rawValue: status)
    reaped.fulfil(.success(result))
    // All it wrote is in the pipes by now; it has ended when that has been passed on.
    output.finish { [self] in _ = self.exit.fulfil(.success(result)) }
    return true
  }

  /// Waits until it has ended and all its output has been passed on, whether or not the calling task is cancelled.
  func waitForExit() async -> ExitStatus {
    if case .success(let status) = exit.result { return status }
    // In a task of its own, which nobody cancels, the wait ends with the process only.
    return await Task(executorPreference: engine) { [exit] in
      while true {
        if let status = try? await exit.wait().get() { return status }
      }
    }.value
  }

  /// - Returns: `nil` after `duration`, and when the calling task is cancelled.
  func waitForExit(atMost duration: Duration) async -> ExitStatus? { await exit.value(within: duration, engine) }

  /// Waits until a worker that was asked to leave has, with more and more force.
  ///
  /// - Parameter patience: how long it may take, and then how long SIGQUIT may; zero: it is killed at once.
  func end(_ worker: ProcessID, patience: Duration) async {
    // A stopped process cannot leave by itself.
    let patience = isStopped ? .zero : patience
    if await reaped.value(within: patience, engine) == nil { await force(worker, patience: patience) }
    _ = await waitForExit()
  }

  private func force(_ worker: ProcessID, patience: Duration) async {
    if patience > .zero {
      Cluster.current.logger(.local).warning(
        "worker \(worker) (process \(pid)) has not ended \(patience) after it was asked to. Sending SIGQUIT")
      signal(SIGQUIT)
      if await reaped.value(within: patience, engine) != nil { return }
    }
    signal(SIGKILL)
  }

  /// Sends a signal, unless the process has ended.
  func signal(_ number: Int32) {
    isReaped.withLock { isReaped in
      if !isReaped { Glibc.kill(pid, number) }
    }
  }

  /// Whether it has been stopped by a signal (proc(5): state T).
  var isStopped: Bool {
    guard let status = readSmallFile("/proc/\(pid)/stat"), let end = status.lastIndex(of: ")") else { return false }
    return status[status.index(after: end)...].split(separator: " ").first == "T"
  }

  // MARK: posix_spawn

  private static func spawn(_ command: Command, _ input: Pipe, _ output: Pipe, _ error: Pipe) throws -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input.reader, STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, output.writer, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, error.writer, STDERR_FILENO)
    if let directory = command.directory { _ = muster_spawn_in_directory(&actions, directory) }

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))

    let arguments = ([command.calledAs ?? command.executable] + command.arguments).map { strdup($0) } + [nil]
    let environment = command.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in arguments + environment { free(pointer) } }
    var pid: Int32 = 0
    let result = posix_spawnp(&pid, command.executable, &actions, &attributes, arguments, environment)
    guard result == 0 else {
      throw ClusterError(
        .launchFailed, "cannot start \(command.executable): \(describe(errno: result)) (see \(command.option))")
    }
    return pid
  }
}

/// A pipe whose ends are closed on exec, and with this object.
final class Pipe {
  private(set) var reader: Int32 = -1
  private(set) var writer: Int32 = -1

  init() throws(ClusterError) {
    var ends: (Int32, Int32) = (-1, -1)
    let result = withUnsafeMutablePointer(to: &ends) {
      $0.withMemoryRebound(to: Int32.self, capacity: 2) { muster_pipe($0) }
    }
    guard result == 0 else { throw ClusterError(.launchFailed, "cannot make a pipe: \(describe(errno: errno))") }
    (reader, writer) = ends
  }

  deinit { closeBoth() }

  /// Writes what fits the pipe's buffer of 64 KiB.
  func fill(_ text: String) throws(ClusterError) {
    var text = text
    let count = text.withUTF8 { write(writer, $0.baseAddress!, $0.count) }
    guard count == text.utf8.count else {
      throw ClusterError(.launchFailed, "cannot write to a pipe: \(describe(errno: errno))")
    }
  }

  /// Hands over the reading end, and closes the other.
  func takeReader() -> Int32 {
    defer {
      reader = -1
      closeBoth()
    }
    return reader
  }

  func closeBoth() {
    if reader >= 0 { close(reader) }
    if writer >= 0 { close(writer) }
    (reader, writer) = (-1, -1)
  }
}

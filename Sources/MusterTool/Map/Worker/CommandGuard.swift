import ArgumentParser
import Glibc

/// A process beside a worker that ends the worker's commands should the worker die, however that happens.
///
/// It waits for the end of a pipe whose writing end only the worker has. A command that is just being started has it, too,
/// until it executes its program; so at the end of the pipe every command has its own environment, which names the guard,
/// and by that the guard finds it, and all that it has started, wherever that has moved.
final class CommandGuard: Sendable {
  let name: String
  private let pipe: Int32

  /// - Throws: `MapError` when it cannot be started.
  init() throws(MapError) {
    name = "\(getpid())-\(UInt64.random(in: 0 ... .max))"
    let (reader, writer) = try CloseOnExec.pipe()
    pipe = writer
    defer { close(reader) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, reader, STDIN_FILENO)
    // The worker's own go to whoever waits for its end.
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    let words: [String] = ["muster", GuardCommand.name, name]
    let arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var pid: Int32 = 0
    let result = CloseOnExec.spawn {
      posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, arguments, environ)
    }
    guard result == 0 else { throw MapError("cannot start a guard for commands", errno: result) }
  }

  /// It need not look after anything any more.
  func dismiss() {
    var byte: UInt8 = 0
    write(pipe, &byte, 1)
  }
}

/// The guard itself.
struct GuardCommand: ParsableCommand {
  static let name = "map-guard"
  static let configuration = CommandConfiguration(commandName: name, shouldDisplay: false)

  /// Between the request to end and the order.
  private static let grace: Duration = .seconds(1)

  @Argument var guardName: String

  func run() {
    var byte: UInt8 = 0
    var count = 0
    repeat { count = read(STDIN_FILENO, &byte, 1) } while count < 0 && errno == EINTR
    guard count == 0 else { return }
    end(SIGTERM)
    let deadline = ContinuousClock.now + Self.grace
    while !guarded.isEmpty, ContinuousClock.now < deadline { usleep(20_000) }
    // They may start others while we look; and one that hangs in the kernel may do so for days.
    var pause: UInt32 = 1000
    while !guarded.isEmpty {
      end(SIGKILL)
      usleep(pause)
      pause = min(2 * pause, 1_000_000)
    }
  }

  private func end(_ signal: Int32) {
    for pid in guarded {
      kill(pid, signal)
      kill(pid, SIGCONT)
    }
  }

  /// The processes that have this guard.
  private var guarded: [Int32] {
    guard let directory = opendir("/proc") else { return [] }
    defer { closedir(directory) }
    var pids: [Int32] = []
    while let entry = readdir(directory) {
      if let pid = Int32(entry.name), names(pid) { pids.append(pid) }
    }
    return pids
  }

  /// A zombie has no environment.
  private func names(_ pid: Int32) -> Bool {
    let prefix = "\(CommandEnvironment.guards)="
    guard let file = fopen("/proc/\(pid)/environ", "re") else { return false }
    defer { fclose(file) }
    var line: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { free(line) }
    while getdelim(&line, &capacity, 0, file) > 0 {
      let variable = String(cString: line!)
      if variable.hasPrefix(prefix) {
        return variable.dropFirst(prefix.count).split(separator: ":").contains { $0 == guardName }
      }
    }
    return false
  }
}

import Foundation
import Glibc
import Muster

/// Hosts to log in to, made and removed by Tests/Lab/ssh/hosts.
final class SSHHosts: Sendable {
  let directory: String

  private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../Lab/ssh/hosts").standardizedFileURL.path

  /// Why there can be no hosts with namespaces of their own on this machine; `nil` if there can.
  static let noNamespaces: String? = {
    guard geteuid() == 0 else { return "only root may make network namespaces" }
    guard Shell.run("ip netns add mstssh-probe && ip netns delete mstssh-probe").code == 0 else {
      return "this machine allows no network namespaces"
    }
    return nil
  }()

  /// - Parameter kinds: arguments of the script, such as `["loopback"]` or `["namespaces", "4"]`.
  init(_ kinds: [String]...) throws {
    directory = NSTemporaryDirectory() + "mssh-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    for kind in kinds { try hosts(kind[0], Array(kind.dropFirst())) }
  }

  deinit { try? hosts("down") }

  func hosts(_ command: String, _ arguments: [String] = []) throws {
    let words = [Self.script, command, directory] + arguments
    let result = Shell.run(words.map { "'\($0)'" }.joined(separator: " "))
    guard result.code == 0 else { throw Failure(description: "\(words): \(result.output)") }
  }

  struct Failure: Error, CustomStringConvertible { let description: String }

  /// What tells the networks of several such sets of hosts apart: 10.214.M.0/24 and fd77:M::/64.
  var networkNumber: String {
    get throws {
      try String(contentsOfFile: directory + "/number", encoding: .utf8)
        .trimmingCharacters(in: .whitespacesAndNewlines)
    }
  }

  var options: SSHOptions {
    var options = SSHOptions()
    options.sshflags = ["-F", "\(directory)/ssh_config"]
    return options
  }
}

enum Shell {
  /// Runs a command to its end. Daemons that it starts may go on: Foundation's `Process` would wait for them, too.
  static func run(_ command: String) -> (code: Int32, output: String) {
    let path = NSTemporaryDirectory() + "shell-\(UUID().uuidString)"
    defer { unlink(path) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    let line: [String] = ["/bin/sh", "-c", command]
    let words = line.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var pid: pid_t = 0
    let result = posix_spawn(&pid, "/bin/sh", &actions, nil, words, environ)
    guard result == 0 else { return (-1, String(cString: strerror(result))) }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    let code = status & 0x7f != 0 ? -(status & 0x7f) : (status >> 8) & 0xff
    return (code, (try? String(contentsOfFile: path, encoding: .utf8)) ?? "")
  }
}

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

  var options: SSHOptions {
    var options = SSHOptions()
    options.sshflags = ["-F", "\(directory)/ssh_config"]
    return options
  }
}

enum Shell {
  static func run(_ command: String) -> (code: Int32, output: String) {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", command]
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    do { try process.run() } catch { return (-1, "\(error)") }
    // A daemon that the command starts may keep the pipe open.
    process.waitUntilExit()
    _ = fcntl(pipe.fileHandleForReading.fileDescriptor, F_SETFL, O_NONBLOCK)
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(pipe.fileHandleForReading.fileDescriptor, &bytes, bytes.count)
    return (process.terminationStatus, String(decoding: bytes.prefix(max(0, count)), as: UTF8.self))
  }
}

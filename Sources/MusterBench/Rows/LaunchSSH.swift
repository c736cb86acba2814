import Glibc
import Muster

extension Row {
  static let launchSSH10 = launchSSH(10)
  static let launchSSH50 = launchSSH(50)
  static let launchSSH200 = launchSSH(200)

  /// From nothing to workers on four hosts (namespaces of this machine, with a real sshd each) that have each answered a
  /// call, in one `addprocs`, against as many bare processes over the same four ssh.
  private static func launchSSH(_ count: Int) -> Row {
    Row(name: "launchSSH\(count)", transports: [.tcp]) { bench in
      let hosts = try BenchHosts()
      let (ours, raw) = try await bench.interleave(blocks: bench.isQuick ? 1 : 3, ways: [.sleeps]) {
        var samples = Samples()
        let start = now()
        let pids = try await addprocs(hosts.machines(count), options: hosts.options)
        var futures: [Future<Int>] = []
        for pid in pids { futures.append(try await remotecall(Increment(), on: pid, 1)) }
        for future in futures { try check(try await future.fetch(), is: 2, "the answer of a new worker") }
        samples.record(since: start)
        try check(pids.count, is: count, "the number of new workers")
        try await rmprocs(pids)
        return samples
      } raw: { _ in
        var samples = Samples()
        let start = now()
        let pids = try hosts.machines(count).map { machine in
          try spawn(
            "/usr/bin/ssh",
            hosts.flags + [machine.host, "for i in $(seq \(count / BenchHosts.count)); do /bin/true & done; wait"])
        }
        for pid in pids { waitpid(pid, nil, 0) }
        samples.record(since: start)
        return samples
      }
      return .time("launchSSH\(count)", bench, ours, raw: raw)
    }
  }
}

/// Four hosts in namespaces of this machine (Tests/Lab/ssh/hosts), removed with this object.
private final class BenchHosts: Sendable {
  static let count = 4
  private static let script = "Tests/Lab/ssh/hosts"
  private let directory: String

  init() throws {
    guard geteuid() == 0, access(Self.script, X_OK) == 0, access("/usr/sbin/sshd", X_OK) == 0 else {
      throw BenchSkip(
        "needs root, sshd (scripts/install-packages test) and the root of the package as working directory")
    }
    directory = "/tmp/muster-bench-ssh-\(getpid())"
    mkdir(directory, 0o755)
    try run("namespaces", ["\(Self.count)"])
  }

  deinit { try? run("down") }

  private func run(_ command: String, _ arguments: [String] = []) throws {
    var status: Int32 = 0
    waitpid(try spawn(Self.script, [command, directory] + arguments), &status, 0)
    guard status == 0 else { throw BenchError("\(Self.script) \(command) failed") }
  }

  var flags: [String] { ["-F", "\(directory)/ssh_config"] }

  var options: SSHOptions {
    var options = SSHOptions()
    options.sshflags = flags
    return options
  }

  /// So many workers, as evenly as it goes.
  func machines(_ count: Int) -> [MachineSpec] {
    (0..<Self.count).map { index in
      MachineSpec("h\(index + 1)", count: .exactly((count + index) / Self.count))
    }
  }
}

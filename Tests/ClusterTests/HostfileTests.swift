import Foundation
import Glibc
import Muster
import Testing

extension ClusterTests {
  /// Over real sshds on this machine.
  @Suite struct Hostfiles {
    private static let folder = URL(fileURLWithPath: RunningProgram.path).deletingLastPathComponent().path
    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../jobscripts/hostfile.sh").standardizedFileURL.path

    private let hosts: SSHHosts

    init() throws { hosts = try SSHHosts(["loopback"]) }

    private func write(_ text: String, to name: String = "hostfile") throws -> String {
      let path = "\(hosts.directory)/\(name)"
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      return path
    }

    @Test func `the machines of a hostfile get their workers, in its order`() async throws {
      let path = try write("# three hosts\nl1 slots=2\nl2\nl3 max_slots=1\n")
      let pids = try await leavingNothingBehind {
        let pids = try await addprocs(hostfile: path, options: hosts.options)
        #expect(workers() == pids)
        #expect(try await pmap(Square(), 1...8) == (1...8).map { $0 * $0 })
        return pids
      }
      #expect(pids.count == 4)
    }

    @Test func `what a hostfile says of one host is for its workers alone`() async throws {
      let path = try write("l1 slots=1 dir=\"\(hosts.directory)\" env=GREETING=\"hello you\"\nl2 slots=1\n")
      try await leavingNothingBehind {
        let pids = try await addprocs(hostfile: path, options: hosts.options)
        let special = try await remotecallFetch(HostfilePlace(), on: pids[0])
        let plain = try await remotecallFetch(HostfilePlace(), on: pids[1])
        #expect(special.directory == hosts.directory && special.greeting == "hello you")
        #expect(plain.directory == FileManager.default.currentDirectoryPath && plain.greeting == nil)
      }
    }

    @Test func `a bad hostfile starts nothing, and says where it is wrong`() async throws {
      let path = try write("l1 slots=2\nl2 slots=x\n")
      let error = await thrown(ClusterError.self) { try await addprocs(hostfile: path, options: hosts.options) }
      #expect(error?.message == "\(path):2:10: expected a count from 1 to 65536, found \"x\"")
      let ambiguous = try write("l1:2\n")
      let twofold = await thrown(ClusterError.self) { try await addprocs(hostfile: ambiguous, options: hosts.options) }
      #expect(twofold?.message.contains("format: .mpich") == true)
      #expect(workers() == [1])
    }

    @Test func `the format may be named`() async throws {
      let path = try write("l1:2\n")
      try await leavingNothingBehind {
        let pids = try await addprocs(hostfile: path, format: .mpich, options: hosts.options)
        #expect(pids.count == 2)
      }
    }

    @Test func `inside a job hosts that are not of the job are refused`() async throws {
      setenv("SLURM_JOB_ID", "7", 1)
      setenv("SLURM_JOB_NODELIST", "l[1-2]", 1)
      setenv("SLURM_TASKS_PER_NODE", "1,1", 1)
      defer { for name in ["SLURM_JOB_ID", "SLURM_JOB_NODELIST", "SLURM_TASKS_PER_NODE"] { unsetenv(name) } }
      let strange = try write("l1\nl3\n")
      let error = await thrown(ClusterError.self) { try await addprocs(hostfile: strange, options: hosts.options) }
      #expect(error?.message.contains("l3 is not a host of Slurm job 7, which has l[1-2]") == true)
      let greedy = try write("l1 slots=5\nl2\n")
      try await leavingNothingBehind {
        let pids = try await addprocs(hostfile: greedy, options: hosts.options)
        #expect(pids.count == 2)
      }
    }

    // MARK: Programs

    /// The environment of a program whose ssh knows the hosts of the test.
    private func environment() throws -> [String: String] {
      let path = try write("#!/bin/sh\nexec /usr/bin/ssh -F '\(hosts.directory)/ssh_config' \"$@\"\n", to: "ssh")
      chmod(path, 0o755)
      return ["PATH": "\(hosts.directory):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")"]
    }

    @Test func `a program takes --machine-file from the front of its command line`() async throws {
      let path = try write("2*l1\nl2\n")
      let found = try await RunningProgram.run(["--machine-file", path, "arguments", "a"], environment: environment())
      #expect(found.code == 0, "\(found.errors)")
      #expect(found.output == #"nprocs 4 arguments ["arguments", "a"]"# + "\n")
      let counted = try write("l1:2\n")
      let both = try await RunningProgram.run(
        ["--procs=1", "--machine-file=mpich:\(counted)", "arguments"], environment: environment())
      #expect(both.output == #"nprocs 4 arguments ["arguments"]"# + "\n")
    }

    @Test(arguments: [["--machine-file"], ["--machine-file", "/nonexistent/hosts"]])
    func `a machine file that is none ends the program with an error`(arguments: [String]) async throws {
      let found = try await RunningProgram.run(arguments)
      #expect(found.code == 1 && found.errors.contains("--machine-file") != found.errors.contains("/nonexistent/hosts"))
    }

    @Test func `where workers may open too few files for each other, it is said`() async throws {
      let few = try write("#!/bin/sh\nulimit -n 55\nexec '\(RunningProgram.path)' \"$@\"\n", to: "few")
      chmod(few, 0o755)
      let path = try write("2*l1 exename=\(few)\n")
      let found = try await RunningProgram.run(["--machine-file", path, "arguments"], environment: environment())
      #expect(found.output.hasPrefix("nprocs 3"), "\(found.errors)")
      #expect(
        found.errors.contains("needs about 56 open files and connections, and may have 55 there (ulimit -Hn)"),
        "\(found.errors)")
    }

    @Test func `jobscripts/hostfile.sh runs a program on the machines of a hostfile`() async throws {
      let path = try write("2*l1\n1*l2\n")
      let variables = try environment().map { "\($0)='\($1)'" }.joined(separator: " ")
      let found = shell("\(variables) '\(Self.script)' '\(path)' '\(Self.folder)/whereabouts'")
      #expect(found.code == 0)
      #expect(found.output.contains("the sum of the squares of 1…1000 is 333833500, by 3 workers"), "\(found.output)")
    }
  }
}

struct HostfilePlace: RemoteThunk {
  struct Answer: Codable, Sendable {
    let directory: String
    let greeting: String?
  }

  func callAsFunction() -> Answer {
    Answer(
      directory: FileManager.default.currentDirectoryPath, greeting: getenv("GREETING").map { String(cString: $0) })
  }
}

import Foundation
import Glibc
import Synchronization
import Testing

@testable import Muster

/// Where a worker runs: host, its process, its parent.
struct Whereabouts: RemoteThunk {
  struct Place: Codable, Sendable {
    let host: String
    let process: Int32
    let parent: Int32
    let directory: String
    let mark: String?
  }

  func callAsFunction() -> Place {
    Place(
      host: hostName(), process: getpid(), parent: getppid(), directory: FileManager.default.currentDirectoryPath,
      mark: getenv("SSH_TEST_MARK").map { String(cString: $0) })
  }
}

/// The running workers and agents of this test runner, wherever their parents are, and every ssh that starts one.
private func strays() -> [Int32] {
  let runner = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
  return ProcessTable.all.filter { pid in
    let words = ProcessTable.commandLine(of: pid)
    guard pid != getpid(), words.count > 1, ProcessTable.isAlive(pid) else { return false }
    return words.starts(with: [runner, "--worker"]) || (words[0] == "ssh" && words.contains { $0.contains(runner) })
  }
}

/// As `leavingNothingBehind`, on the hosts, too.
private func onHosts<Value>(
  _ hosts: SSHHosts, _ body: (SSHHosts) async throws -> Value
) async throws -> Value {
  let value = try await leavingNothingBehind { try await body(hosts) }
  await eventually("nothing is left on the hosts") { strays().isEmpty }
  if !strays().isEmpty { Issue.record("left: \(strays().map(ProcessTable.commandLine))") }
  return value
}

/// A port at which nobody listens, or somebody who never says a word.
private func socket(listening: Bool) throws -> (descriptor: Int32, port: UInt16) {
  let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let result = withUnsafeMutablePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
      bind(listener, pointer, length) == 0 && getsockname(listener, pointer, &length) == 0
    }
  }
  try #require(result && (!listening || listen(listener, 5) == 0))
  return (listener, UInt16(bigEndian: address.sin_port))
}

extension TransportAddress {
  fileprivate var isTCP: Bool { if case .tcp = self { true } else { false } }
}

extension ClusterTests {
  /// Against real sshd at the loopback addresses of this machine.
  @Suite struct SSH {
    @Test func oneSSHForEachHostAndWorkersInTheOrderOfTheList() async throws {
      try await onHosts(SSHHosts(["loopback"])) { hosts in
        var options = hosts.options
        options.env = ["SSH_TEST_MARK": "two words & $HOME"]
        options.dir = "/tmp"
        let pids = try await addprocs(["l1", .init("l2", count: 2), "l1", "l3"], options: options)
        #expect(pids.count == 5 && workers() == pids)
        let places = try await fromEach(pids, Whereabouts())
        // One agent a host: the first and the fourth are of one, the second and third of another.
        let agents = places.map(\.parent)
        #expect(agents[0] == agents[3] && agents[1] == agents[2] && Set(agents).count == 3)
        #expect(places.allSatisfy { $0.directory == "/tmp" && $0.mark == "two words & $HOME" })
        #expect(strays().count { ProcessTable.commandLine(of: $0).first == "ssh" } == 3)
        #expect(try await pmap(Square(), 1...50) == (1...50).map { $0 * $0 })
        #expect(try await remotecallFetch(Travel(), on: pids[0], Array(pids.dropFirst())) == pids)
        // The secret is on no command line.
        let lines = ProcessTable.all.flatMap(ProcessTable.commandLine)
        #expect(!lines.contains { $0.contains(clusterCookie()) })
        try await rmprocs(pids[0])
        #expect(try await remotecallFetch(Identity(), on: pids[3]) == pids[3])
      }
    }

    @Test func countsAreNumbersOrTheUsableCoresOfTheHost() async throws {
      try await onHosts(SSHHosts(["loopback"])) { hosts in
        let cores = try await addprocs(.auto)
        try await rmprocs(cores)
        let pids = try await addprocs(["l1", .init("l2", count: .auto), "l1"], options: hosts.options)
        #expect(pids.count == 2 + cores.count)
      }
    }

    @Test func workersOfThisHostAndOfOthersReachEachOther() async throws {
      try await onHosts(SSHHosts(["loopback"])) { hosts in
        let local = try await addprocs(1)
        let remote = try await addprocs(["l1"], options: hosts.options)
        #expect(
          try await remotecallFetch(Travel(), on: local[0], remote + local + remote) == local + remote + local + remote)
      }
    }

    @Test func throughATunnelProcess1ListensAtNoPort() async throws {
      try await onHosts(SSHHosts(["loopback"])) { hosts in
        var options = hosts.options
        options.tunnel = true
        options.multiplex = true
        let error = await thrown(ClusterError.self) { try await addprocs(["l1"], options: options) }
        #expect(error?.code == .invalidArgument && error?.message.contains("masterWorker") == true)
        options.topology = .masterWorker
        let sockets = try FileManager.default.contentsOfDirectory(atPath: "/tmp").filter { $0.hasSuffix(".sock") }
        // Of earlier tests.
        let before = Cluster.current.launching.withLock { Set($0.rendezvous.keys.filter(\.isTCP)) }
        let pids = try await addprocs([.init("l1", count: 2), .init("l2", count: 1)], options: options)
        #expect(try await pmap(Square(), 1...50) == (1...50).map { $0 * $0 })
        let (ports, directory) = Cluster.current.launching.withLock {
          (Set($0.rendezvous.keys.filter(\.isTCP)), $0.directory)
        }
        #expect(ports == before)
        let peers = Cluster.current.members.withLock { members in
          pids.compactMap { members[$0]?.link?.connection.peerDescription }
        }
        #expect(peers.count == 3 && peers.allSatisfy { $0.hasPrefix("unix:") }, "\(peers)")
        // One control socket for each host, as long as it is needed.
        func controlSockets() -> [String] {
          ((try? FileManager.default.contentsOfDirectory(atPath: directory!.path)) ?? []).filter { $0.hasPrefix("s-") }
        }
        #expect(controlSockets().count == 2)
        try await rmprocs(pids)
        await eventually(within: .seconds(10), "the control sockets are gone") { controlSockets().isEmpty }
        let left = try FileManager.default.contentsOfDirectory(atPath: "/tmp").filter {
          $0.hasPrefix("muster-") && $0.hasSuffix(".sock")
        }
        #expect(Set(left).subtracting(sockets).isEmpty)
      }
    }

    @Test func sessionsThatShareAConnectionDoNotEndEachOther() async throws {
      try await onHosts(SSHHosts(["loopback"])) { hosts in
        var options = hosts.options
        options.tunnel = true
        options.multiplex = true
        options.topology = .masterWorker
        let first = try await addprocs(["l1"], options: options)
        let second = try await addprocs(["l1"], options: options)
        let third = try await addprocs(["l1"], options: options)
        try await rmprocs(first)
        try await rmprocs(second)
        #expect(try await remotecallFetch(Identity(), on: third[0]) == third[0])
        // Of the sessions only the one that is the connection, and the third.
        #expect(strays().count { ProcessTable.commandLine(of: $0).first == "ssh" } == 2)
        #expect(workers() == third)
        try await rmprocs(third)
      }
    }

    @Test func aFailedLoginLeavesNoSocketOfATunnelThere() async throws {
      try await onHosts(SSHHosts(["loopback"])) { hosts in
        func sockets() throws -> [String] {
          try FileManager.default.contentsOfDirectory(atPath: "/tmp").filter {
            $0.hasPrefix("muster-") && $0.hasSuffix(".sock")
          }
        }
        let before = Set(try sockets())
        var options = hosts.options
        options.tunnel = true
        options.topology = .masterWorker
        options.exename = "/no/such/program"
        let error = await thrown(ClusterError.self) { try await addprocs(["l1"], options: options) }
        #expect(error?.message.contains("127") == true)
        #expect(Set(try sockets()).subtracting(before).isEmpty)
      }
    }

    @Test func faultyHostsAreNamedWithTheirReasonAndTheRestGoesOn() async throws {
      try await onHosts(SSHHosts(["loopback"], ["chatty"])) { hosts in
        let (closed, closedPort) = try socket(listening: false)
        let (mute, mutePort) = try socket(listening: true)
        defer {
          close(closed)
          close(mute)
        }
        var machines: [MachineSpec] = [
          "l1", "l4", .init("127.0.0.1:\(closedPort)"), .init("127.0.0.1:\(mutePort)"), "no-such-host.invalid", "l2",
        ]
        machines[5].exename = "/no/such/program"
        var options = hosts.options
        options.sshflags += ["-o", "ConnectTimeout=3"]
        options.atLeast = 2
        let pids = try await within(.seconds(100), "addprocs") { [machines, options] in
          try await addprocs(machines, options: options)
        }
        // The first, and the one whose profile prints 2,000 lines.
        #expect(pids.count == 2)
        #expect(try await fromEach(pids, Identity()) == pids)
        try await rmprocs(pids)

        options.atLeast = nil
        let error = await thrown(ClusterError.self) {
          try await within(.seconds(100), "addprocs") { [machines, options] in
            try await addprocs(machines, options: options)
          }
        }
        let lines = (error?.message ?? "").split(separator: "\n").map(String.init)
        #expect(error?.code == .launchFailed && lines[0].contains("2 of 6 workers joined; 4 did not"))
        func explains(_ host: String, _ reason: String, _ output: String) -> Bool {
          guard let at = lines.firstIndex(where: { $0.contains(host) && $0.contains(reason) }) else { return false }
          return lines[(at + 1)...].prefix { $0.hasPrefix("    |") }.contains { $0.contains(output) }
        }
        let message: Comment = "\(error?.message ?? "")"
        #expect(explains("127.0.0.1:\(closedPort)", "ssh exited with status 255", "Connection refused"), message)
        #expect(explains("127.0.0.1:\(mutePort)", "ssh exited with status 255", "banner exchange"), message)
        #expect(explains("no-such-host.invalid", "ssh exited with status 255", "not resolve"), message)
        #expect(explains("l2", "ssh exited with status 127", "/no/such/program"), message)
      }
    }

    @Test func aHostThatDoesNotCallBackIsGivenUpInTime() async throws {
      try await onHosts(SSHHosts(["loopback"])) { hosts in
        var options = hosts.options
        options.timeout = .seconds(2)
        // Another program, which does not know that it is asked to call back.
        var machine: MachineSpec = "l1"
        machine.exename = "\(hosts.directory)/mute"
        _ = FileManager.default.createFile(
          atPath: machine.exename!, contents: Data("#!/bin/sh\nexec sleep 6\n".utf8),
          attributes: [.posixPermissions: 0o755])
        let error = await thrown(ClusterError.self) {
          try await within(.seconds(60), "addprocs") { [machine, options] in
            try await addprocs([machine], options: options)
          }
        }
        #expect(error?.message.contains("l1: it has not called back within 2.0 seconds") == true, "\(error!)")
        await eventually("the program there has ended") {
          !ProcessTable.all.contains { ProcessTable.commandLine(of: $0) == ["sleep", "6"] }
        }
      }
    }

    @Test func aWorkerThatDoesNotLeaveIsEndedOnItsHost() async throws {
      try await onHosts(SSHHosts(["loopback"])) { hosts in
        let pids = try await addprocs([.init("l1", count: 2)], options: hosts.options)
        let process = try await osPID(of: pids[0])
        kill(process, SIGSTOP)
        try await within(.seconds(30), "rmprocs") { try await rmprocs(pids[0]) }
        #expect(!ProcessTable.isAlive(process))
        #expect(try await remotecallFetch(Identity(), on: pids[1]) == pids[1])
        // One that is killed is a worker lost, with the reason that its host knows.
        let second = try await osPID(of: pids[1])
        let error = await thrown(ProcessExitedError.self) {
          try await withThrowingTaskGroup { group in
            group.addTask { try await remotecallFetch(Nap(.seconds(60)), on: pids[1]) }
            group.addTask {
              kill(second, SIGKILL)
              return pids[1]
            }
            for try await _ in group {}
          }
        }
        #expect(error?.reason.contains("killed by signal 9") == true, "\(error!)")
      }
    }

    @Test func aWorkerThatDoesNotExitIsSentSIGQUITOnItsHostAndThenSIGKILL() async throws {
      let hosts = try SSHHosts(["loopback"])
      let result = try await RunningProgram.run(
        ["stubborn", "\(hosts.directory)/ssh_config", "l1"], environment: ["SWIFT_BACKTRACE": "enable=no"])
      #expect(result.code == 0, "\(result.errors)")
      #expect(result.output.contains("rmprocs: timeout: ") && result.output.hasSuffix("removed\n"), "\(result.output)")
      // The host's agent has said so, of each of the two; only one of them heeds it.
      #expect(result.output.components(separatedBy: "heard SIGQUIT").count == 2, "\(result.output)")
      #expect(result.errors.components(separatedBy: "Sending SIGQUIT").count == 3, "\(result.errors)")
      #expect(result.errors.contains("From host l1:\t"), "\(result.errors)")
    }

    @Test func noMoreHostsAreLoggedInToAtOnceThanMaxParallel() async throws {
      try await onHosts(SSHHosts(["loopback"])) { hosts in
        // Each login waits at a gate of its own.
        let gates = "\(hosts.directory)/gates"
        try FileManager.default.createDirectory(atPath: gates, withIntermediateDirectories: false)
        let script = """
          #!/bin/sh
          i=1; while ! mkdir "\(gates)/$i" 2>/dev/null; do i=$((i + 1)); done
          until [ -e "\(gates)/$i/open" ]; do sleep 0.05; done
          exec ssh "$@"
          """
        var options = hosts.options
        options.ssh = "\(hosts.directory)/gated-ssh"
        options.maxParallel = 2
        #expect(
          FileManager.default.createFile(
            atPath: options.ssh, contents: Data(script.utf8), attributes: [.posixPermissions: 0o755]))
        func begun() -> Int { (try? FileManager.default.contentsOfDirectory(atPath: gates).count) ?? 0 }
        let user = NSUserName()
        let names = ["l1", "l2", "l3", "\(user)@l1", "\(user)@l2", "\(user)@l3"]
        async let joined = addprocs(names, options: options)
        for opened in 1...names.count {
          await eventually("another login begins") { begun() == min(opened + 1, names.count) }
          _ = FileManager.default.createFile(atPath: "\(gates)/\(opened)/open", contents: nil)
        }
        #expect(try await joined.count == names.count)
      }
    }

    @Test func aLoginShellMayBeOfTheCFamily() async throws {
      try await onHosts(SSHHosts(["csh"])) { hosts in
        // What csh takes otherwise than sh: exclamation marks, also between quotation marks, and ends of lines.
        let folder = "\(hosts.directory)/wow!it's\n\"two\" $HOME"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        let runner = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/run!", withDestinationPath: runner)
        var machine: MachineSpec = "l5"
        machine.dir = folder
        machine.exename = "./run!"
        var options = hosts.options
        options.shell = .csh
        let pids = try await addprocs([machine], options: options)
        #expect(try await remotecallFetch(Whereabouts(), on: pids[0]).directory == folder)
        try await rmprocs(pids)
        // It does not understand the words of the other shell.
        options.shell = .posix
        let error = await thrown(ClusterError.self) { [options] in try await addprocs([machine], options: options) }
        #expect(error?.message.contains("l5: ssh exited with status 1") == true, "\(error!)")
      }
    }

    @Test func interruptReachesTheHosts() async throws {
      try await onHosts(SSHHosts(["loopback"])) { hosts in
        let pid = try await addprocs(["l1"], options: hosts.options)[0]
        let nap = try await remotecall(Nap(.seconds(600)), on: pid)
        let error = await thrown(RemoteError.self) {
          async let value = nap.fetch()
          try await interrupt(pid)
          return try await value
        }
        #expect(error != nil)
      }
    }

    @Test func withProcess1AllIsGoneOnTheHosts() async throws {
      let hosts = try SSHHosts(["loopback"])
      let program = try RunningProgram(["overSSH", "\(hosts.directory)/ssh_config", "l1", "l2"])
      try await program.waitForOutput("ready")
      let line = try #require(program.outputLines.first { $0.hasPrefix("ready") })
      let processes = line.split(separator: " ").dropFirst().compactMap { Int32($0) }
      let parents = processes.compactMap { ProcessTable.status(of: $0)?.parent }
      #expect(processes.count == 2 && parents.count == 2)
      kill(program.pid, SIGKILL)
      await eventually("workers and agents have ended") {
        !(processes + parents).contains(where: ProcessTable.isAlive)
      }
      await program.expectNothingLeft()
    }
  }
}

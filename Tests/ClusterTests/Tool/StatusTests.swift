import Foundation
import Glibc
import Muster
import Testing

extension ClusterTests {
  /// `muster status` and `muster kill`, and what they are made of.
  @Suite struct Monitoring {
    @Test func aProgramIsSeenWithItsWorkersAndWhatTheyRun() async throws {
      let program = try RunningProgram(["busy", "2"])
      try await program.waitForOutput("computing")
      let status = try MusterCommand.status(of: program.pid)
      #expect(status.osPID == program.pid && status.command.last == "2")
      #expect(status.workers.map(\.id) == [2, 3] && status.workers.allSatisfy { $0.state == .busy })
      #expect(Set(status.workers.compactMap(\.osPID)) == Set(program.workers))
      #expect(status.workers.allSatisfy { $0.calls.map(\.function) == ["ComputeForEver"] && $0.calls[0].caller == 1 })
      // Time goes on as the call does.
      let first = status.workers[0].calls[0].seconds
      await eventually("the call grows older") {
        ((try? MusterCommand.status(of: program.pid))?.workers[0].calls.first?.seconds ?? 0) > first
      }
    }

    @Test func aTableForPeople() async throws {
      let program = try RunningProgram(["idle", "3"])
      try await program.waitForOutput("ready")
      let result = MusterCommand.run(["status", "--once", "\(program.pid)"])
      #expect(result.code == 0 && result.output.contains("3 workers: 3 idle"), "\(result.output)")
      #expect(result.output.contains("\(program.workers.sorted()[0])"), "\(result.output)")
      #expect(!result.output.contains("\u{1B}"))
    }

    @Test func aStoppedWorkerIsSilentAndALostOneHasItsReason() async throws {
      let program = try RunningProgram(["idle", "2"])
      try await program.waitForOutput("ready")
      let workers = try MusterCommand.status(of: program.pid).workers
      let (stopped, killed) = (try #require(workers[0].osPID), try #require(workers[1].osPID))
      kill(stopped, SIGSTOP)
      kill(killed, SIGKILL)
      await eventually("the status says both") {
        let workers = try? MusterCommand.status(of: program.pid).workers
        return workers?.first?.state == .silent && workers?.last?.state == .lost
          && workers?.last?.reason?.contains("9") == true
      }
      kill(stopped, SIGCONT)
      await eventually("it goes on") {
        (try? MusterCommand.status(of: program.pid))?.workers.first?.state == .idle
      }
    }

    @Test func aProgramThatDoesNotWantToBeSeenIsNot() async throws {
      let program = try RunningProgram(["idle", "1"], environment: ["MUSTER_STATUS": "off"])
      try await program.waitForOutput("ready")
      let result = MusterCommand.run(["status", "\(program.pid)"])
      #expect(result.code != 0 && result.output.contains("\(program.pid)"), "\(result.output)")
      #expect(!ObservedProgram.all().contains { $0.osPID == program.pid })
    }

    @Test func whatAKilledProgramHasLeftIsRemoved() async throws {
      let before = ProcessTable.socketDirectories
      let program = try RunningProgram(["idle", "1"])
      try await program.waitForOutput("ready")
      let worker = try #require(program.workers.first)
      // Its worker cannot tidy up.
      kill(worker, SIGSTOP)
      kill(program.pid, SIGKILL)
      _ = try await program.waitForExit()
      await eventually("it is not listed any more") { !ObservedProgram.all().contains { $0.osPID == program.pid } }
      await eventually("nothing is left") { ProcessTable.socketDirectories.subtracting(before).isEmpty }
      kill(worker, SIGKILL)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can become another user")) func otherUsersAreNotAnswered()
      async throws
    {
      let before = ProcessTable.socketDirectories
      let program = try RunningProgram(["idle", "1"])
      try await program.waitForOutput("ready")
      let directory = "/tmp/\(try #require(ProcessTable.socketDirectories.subtracting(before).first))"
      let socket = "\(directory)/status.sock"
      let ask =
        "perl -MIO::Socket::UNIX -e '$SIG{PIPE} = \"IGNORE\"; $s = IO::Socket::UNIX->new(Peer => \"\(socket)\") or die \"no way\\n\"; "
        + "print $s \"status\\n\"; $s->flush; print \"got \", scalar(<$s>) // \"nothing\", \"\\n\"'"
      let user = "setpriv --reuid=65534 --clear-groups --regid=65534"
      #expect(Shell.run(ask).output.contains("\"workers\""))
      #expect(Shell.run("\(user) \(ask)").output.contains("no way"))
      // And if somebody opened the door.
      _ = Shell.run("chmod 755 \(directory); chmod 777 \(socket)")
      #expect(Shell.run("\(user) \(ask)").output.contains("got nothing"))
      #expect(Shell.run(ask).output.contains("\"workers\""))
    }

    @Test func nonsenseIsNotAnsweredAndDoesNoHarm() async throws {
      let before = ProcessTable.socketDirectories
      let program = try RunningProgram(["idle", "1"])
      try await program.waitForOutput("ready")
      let socket = "/tmp/\(try #require(ProcessTable.socketDirectories.subtracting(before).first))/status.sock"
      for nonsense in ["nonsense\\n", "x\" x 1000 . \"", "\\0\\n", ""] {
        let client =
          "perl -MIO::Socket::UNIX -e '$SIG{PIPE} = \"IGNORE\"; $s = IO::Socket::UNIX->new(Peer => \"\(socket)\"); "
          + "print $s \"\(nonsense)\"; $s->flush; shutdown($s, 1); print \"got \", scalar(<$s>) // \"nothing\"'"
        #expect(Shell.run(client).output == "got nothing", "\(nonsense)")
      }
      #expect(try MusterCommand.status(of: program.pid).workers.map(\.state) == [.idle])
    }

    @Test func killEndsAProgramAndItsWorkersCleanly() async throws {
      let before = ProcessTable.socketDirectories
      let program = try RunningProgram(["calls", "2"])
      try await program.waitForOutput("ready")
      let result = MusterCommand.run(["kill", "\(program.pid)"])
      #expect(result.code == 0 && result.output == "\(program.pid) has ended\n", "\(result.output)")
      #expect(try await program.waitForExit() == 128 + SIGTERM)
      await program.expectNothingLeft()
      #expect(
        program.errors.contains("muster kill") && !program.errors.contains("ProcessExitedError"), "\(program.errors)")
      await eventually("nothing is left") { ProcessTable.socketDirectories.subtracting(before).isEmpty }
    }

    @Test func aProgramThatCannotRemoveItsWorkersInTimeIsEndedBySIGTERM() async throws {
      let program = try RunningProgram(["idle", "2"])
      try await program.waitForOutput("ready")
      let worker = try #require(program.workers.first)
      // It does not leave, and is given longer than the time of grace.
      kill(worker, SIGSTOP)
      defer { kill(worker, SIGKILL) }
      let result = MusterCommand.run(["kill", "\(program.pid)", "--grace", "0.2"])
      #expect(result.code == 0 && result.output.contains("SIGTERM has ended it"), "\(result.output)")
      #expect(try await program.waitForExit() == -SIGTERM)
    }

    @Test func aStoppedProgramIsShownWithTheOthersAndCanBeEndedHoweverOftenItWasAsked() async throws {
      let stopped = try RunningProgram(["idle", "1"])
      let other = try RunningProgram(["idle", "1"])
      try await stopped.waitForOutput("ready")
      try await other.waitForOutput("ready")
      kill(stopped.pid, SIGSTOP)
      let result = MusterCommand.run(["status", "--once", "\(stopped.pid)", "\(other.pid)"])
      #expect(result.output.contains("\(stopped.pid) does not answer"), "\(result.output)")
      #expect(result.output.contains("1 worker: 1 idle") && result.code == 1, "\(result.output)")
      // Each look knocks at its door, and nobody opens.
      for _ in 0..<100 { _ = ObservedProgram.all() }
      let end = MusterCommand.run(["kill", "\(stopped.pid)", "\(other.pid)", "--grace", "0.2"])
      #expect(end.output.contains("\(stopped.pid) did not end by itself nor by SIGTERM"), "\(end.output)")
      #expect(end.output.contains("\(other.pid) ") && end.code == 0, "\(end.output)")
      _ = try await stopped.waitForExit()
      _ = try await other.waitForExit()
    }

    @Test func aProgramThatDoesNotEndIsKilled() async throws {
      let program = try RunningProgram(["idle", "2"])
      try await program.waitForOutput("ready")
      kill(program.pid, SIGSTOP)
      let result = MusterCommand.run(["kill", "\(program.pid)", "--grace", "0.2"])
      #expect(result.code == 0 && result.output.contains("SIGKILL has ended it"), "\(result.output)")
      #expect(try await program.waitForExit() == -SIGKILL)
      await program.expectNothingLeft()
    }

    @Test func onATerminalItIsDrawnInPlaceUntilTheProgramEnds() async throws {
      let program = try RunningProgram(["idle", "1"])
      try await program.waitForOutput("ready")
      let shown = NSTemporaryDirectory() + "status-\(UUID().uuidString)"
      defer { unlink(shown) }
      let command = "stty cols 100; exec timeout 60 \(MusterCommand.path) status \(program.pid) --interval 0.1"
      let watching = Task.detached { Shell.run("TERM=xterm SHELL=/bin/sh script -qefc '\(command)' \(shown)") }
      func text() -> String { (try? String(contentsOfFile: shown, encoding: .utf8)) ?? "" }
      await eventually("it is drawn again") { text().contains("\u{1B}[4A") }
      _ = MusterCommand.run(["kill", "\(program.pid)"])
      let code = try await within(.seconds(60), "muster status ends") { await watching.value.code }
      #expect(code == 0 && text().contains("1 worker: 1 idle"), "\(text())")
    }

    @Test func killWantsToKnowWhom() {
      #expect(MusterCommand.run(["kill"]).code != 0)
      #expect(MusterCommand.run(["kill", "1"]).output.contains("no program"))
    }
  }
}

import Glibc
import Synchronization
import Testing

@testable import Muster

private func command(_ machine: MachineSpec, _ change: (inout SSHCommand) -> Void = { _ in }) -> [String] {
  var command = SSHCommand(login: SSHCommand.Login(machine), command: "exec /bin/program --worker", connectTimeout: 60)
  change(&command)
  return command.arguments
}

/// The value that ssh takes for an option: the first.
private func value(_ option: String, in arguments: [String]) -> String? {
  arguments.first { $0.hasPrefix("\(option)=") }.map { String($0.dropFirst(option.count + 1)) }
}

@Test func `a login says user, host and port, and what comes behind them is one word`() {
  let plain = command("n1")
  #expect(plain.suffix(3) == ["--", "n1", "exec /bin/program --worker"])
  #expect(!plain.contains("-p") && !plain.contains("-l"))
  let full = command("me@[2001:db8::1]:2222 10.0.0.1:9300")
  #expect(full.suffix(7) == ["-p", "2222", "-l", "me", "--", "2001:db8::1", "exec /bin/program --worker"])
  #expect(SSHCommand.Login("me@[2001:db8::1]:2222").description == "me@[2001:db8::1]:2222")
  #expect(SSHCommand.Login("n1").description == "n1")
}

@Test func `nobody is asked for a password, unless the user's flags say so`() {
  #expect(value("BatchMode", in: command("n1")) == "yes")
  let flags = command("n1") { $0.flags = ["-o", "BatchMode=no", "-i", "key"] }
  #expect(value("BatchMode", in: flags) == "no" && Array(flags.prefix(2)) == ["-o", "BatchMode=no"])
}

@Test func `a tunnel forwards a socket, and nothing else is forwarded`() {
  #expect(value("ClearAllForwardings", in: command("n1")) == "yes")
  let tunnel = command("n1") { $0.tunnel = SSHCommand.Tunnel(remote: "/tmp/there.sock", local: "/run/here.sock") }
  let forward = tunnel.firstIndex(of: "-R").map { tunnel[$0 + 1] }
  #expect(forward == "/tmp/there.sock:/run/here.sock")
  #expect(value("ClearAllForwardings", in: tunnel) == nil && value("ExitOnForwardFailure", in: tunnel) == "yes")
  #expect(value("ForwardAgent", in: tunnel) == "no" && value("ForwardX11", in: tunnel) == "no")
}

@Test func `multiplexing has a control socket`() {
  let arguments = command("n1") { $0.controlPath = "/tmp/x/s-%C" }
  #expect(value("ControlMaster", in: arguments) == "auto" && value("ControlPath", in: arguments) == "/tmp/x/s-%C")
  #expect(value("ControlMaster", in: command("n1")) == nil)
}

@Test(arguments: [
  ("plain-word_1.2/x", "plain-word_1.2/x", "plain-word_1.2/x"), ("", "''", "''"),
  ("two words", "'two words'", "'two words'"),
  ("it's", "'it'\\''s'", "'it'\\''s'"), ("$HOME `x` \"y\"", "'$HOME `x` \"y\"'", "'$HOME `x` \"y\"'"),
  ("a'\u{301}b", "'a'\\''\u{301}b'", "'a'\\''\u{301}b'"), ("a\r\nb", "'a\r\nb'", "'a\r\\\nb'"),
  ("wow!", "'wow!'", "'wow\\!'"), ("a\nb", "'a\nb'", "'a\\\nb'"), ("*", "'*'", "'*'"),
])
func `words are quoted as the login shell wants them`(word: String, posix: String, csh: String) {
  #expect(SSHOptions.Shell.posix.quoted(word) == posix)
  #expect(SSHOptions.Shell.csh.quoted(word) == csh)
}

@Test func `a program runs in the place of the shell, in its directory`() {
  #expect(SSHOptions.Shell.posix.command(["/bin/a b", "--worker"], in: nil) == "exec '/bin/a b' --worker")
  #expect(SSHOptions.Shell.posix.command(["./a", "--worker"], in: "/the dir") == "cd '/the dir' && exec ./a --worker")
}

@Test func `a file is removed when the program has ended, whose status it is`() throws {
  let directory = try TestDirectory()
  let file = directory.path + "/it's.sock"
  for (shell, program) in [(SSHOptions.Shell.posix, "/bin/sh"), (.csh, "/bin/csh")] where access(program, X_OK) == 0 {
    for (words, status) in [(["true"], 0), (["/no/such/program"], 127), (["sh", "-c", "exit 7"], 7)] {
      close(open(file, O_CREAT | O_WRONLY, 0o600))
      let command = shell.command(words, in: "/tmp", removing: file)
      let line = "\(program) -c \(SSHOptions.Shell.posix.quoted(command)) 2>/dev/null"
      let code = (system(line) >> 8) & 0xff
      #expect(code == status || (shell == .csh && status == 127 && code == 1), "\(command)")
      #expect(access(file, F_OK) != 0)
    }
  }
}

@Test func `options that contradict each other are errors that name both`() {
  func message(_ change: (inout SSHOptions) -> Void) -> String {
    var options = SSHOptions()
    change(&options)
    do { try options.validate() } catch { return error.message }
    return ""
  }
  #expect(message { _ in } == "")
  #expect(message { $0.tunnel = true }.contains("allToAll"))
  #expect(
    message {
      $0.tunnel = true
      $0.topology = .masterWorker
    } == "")
  #expect(message { $0.maxParallel = 0 }.contains("options.maxParallel is 0"))
  #expect(message { $0.transport = .unix }.contains("options.transport is unix"))
}

@Test func `managers can be printed`() {
  #expect("\(SSHManager(["n1", .init("me@n2:22", count: 4)]))" == "SSHManager(n1, 4*me@n2:22)")
  #expect("\(LocalManager(3))" == "LocalManager(3)")
}

@Test func `of several addresses the first that proves itself is taken, and one that goes nowhere delays nothing`()
  async throws
{
  let listening = Cluster(id: 1, spin: .zero)
  let dialling = Cluster(id: 0, spin: .zero)
  defer {
    listening.stopListening()
    listening.engine.stop()
    dialling.engine.stop()
  }
  dialling.launching.withLock { state in
    let cookie = listening.launching.withLock { $0.cookie }
    state.cookie = cookie
  }
  let good = try listening.listenOnTCP(host: "127.0.0.1", backlog: 5)
  let closed = try Sockets.listen(at: .tcp(host: "127.0.0.1", port: 0), backlog: 1)
  let nobody = closed.address
  closed.close()
  // Accepts in the kernel, and never says a word.
  let mute = try Sockets.listen(at: .tcp(host: "127.0.0.1", port: 0), backlog: 1)
  let connection = try await dialling.run {
    try await dialling.dialAny([mute.address, nobody, good], of: .current, from: 2, to: 1, ticket: 0)
  }
  #expect(connection?.peerDescription == good.description)
  mute.close()
  let none = try await dialling.run {
    try await dialling.dialAny(
      [.unix(path: "/x")], of: NodeIdentity(bootID: "", networkNamespace: ""), from: 2, to: 1, ticket: 0)
  }
  #expect(none == nil)
  do {
    _ = try await dialling.run { try await dialling.dialAny([nobody], of: .current, from: 2, to: 1, ticket: 0) }
    Issue.record("connected to nobody")
  } catch let error as ClusterError {
    #expect(error.code == .notConnected && error.message.contains(nobody.description))
  }
}

import Glibc
import Synchronization
import Testing

@testable import Muster

/// Starts children.
private final class Nursery: Sendable {
  let cluster = Cluster(id: 1, spin: .zero)
  /// Children may outlive the object that started them, and the Engine has to hear of their end.
  private static let kept = Mutex<[Cluster]>([])
  init() { Self.kept.withLock { $0.append(cluster) } }

  /// Runs a script of /bin/sh.
  func spawn(
    _ script: String, executable: String = "/bin/sh", directory: String? = nil, environment: [String: String] = [:],
    input: String = ""
  ) throws -> (child: ChildProcess, output: OutputForwarder) {
    let output = OutputForwarder(pid: 2, engine: cluster.engine, cluster: cluster)
    let child = try ChildProcess.spawn(
      ChildProcess.Command(
        executable: executable, arguments: ["-c", script], environment: environment, directory: directory, input: input),
      engine: cluster.engine, output: output)
    return (child, output)
  }
}

@Test func `the output of a child is whole and in order when its end is told`() async throws {
  let nursery = Nursery()
  for _ in 0..<10 {
    let (child, output) = try nursery.spawn("i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo line $i; done; printf tail")
    #expect(await child.waitForExit().code == 0)
    #expect(output.lastLines == (292...300).map { "line \($0)" } + ["tail"])
  }
}

@Test func `both streams are passed on, each in its order`() async throws {
  let nursery = Nursery()
  let (child, output) = try nursery.spawn("echo a; echo b >&2; echo c; echo d >&2")
  #expect(await child.waitForExit().code == 0)
  let lines = output.lastLines
  #expect(lines.filter { "ac".contains($0) } == ["a", "c"] && lines.filter { "bd".contains($0) } == ["b", "d"])
}

@Test(arguments: [0, 1, 7, 127, 255] as [Int32]) func `an exit status is told`(status: Int32) async throws {
  let (child, _) = try Nursery().spawn("exit \(status)")
  let result = await child.waitForExit()
  #expect(result.code == status && result.signal == nil && "\(result)" == "exited with status \(status)")
}

@Test(arguments: [SIGKILL, SIGTERM, SIGSEGV]) func `the signal that killed it is told`(signal: Int32) async throws {
  let (child, _) = try Nursery().spawn("ulimit -c 0; kill -\(signal) $$; while :; do :; done")
  let result = await child.waitForExit()
  #expect(result.signal == signal && result.code == nil && "\(result)".hasPrefix("killed by signal \(signal) ("))
}

@Test func `a child can be signalled and seen stopped, and not after it has ended`() async throws {
  let nursery = Nursery()
  let (child, _) = try nursery.spawn("while :; do sleep 1; done")
  #expect(!child.isStopped)
  #expect(await child.waitForExit(atMost: .milliseconds(1)) == nil)
  child.signal(SIGSTOP)
  await eventually("it was not stopped") { child.isStopped }
  child.signal(SIGKILL)
  #expect(await child.waitForExit().signal == SIGKILL)
  #expect(await child.waitForExit(atMost: .zero)?.signal == SIGKILL)
  #expect(!child.isStopped)
  child.signal(SIGKILL)
}

@Test func `its end is waited for in a cancelled task, too`() async throws {
  let (child, _) = try Nursery().spawn("exec sleep 600")
  let waiter = Task {
    withUnsafeCurrentTask { $0?.cancel() }
    return await child.waitForExit()
  }
  #expect(await child.waitForExit(atMost: .milliseconds(50)) == nil)
  child.signal(SIGKILL)
  #expect(await waiter.value.signal == SIGKILL)
}

@Test func `a child that has ended is not signalled, though its output has not been taken`() async throws {
  let cluster = Cluster(id: 1, spin: .zero)
  ClusterPair.keep(cluster)
  let hold = Promise<Bool>()
  let slow = OutputWriter { _, _ in _ = try? await hold.wait() }
  let child = try ChildProcess.spawn(
    ChildProcess.Command(
      executable: "/bin/echo", arguments: ["a"], environment: [:], directory: nil, input: ""), engine: cluster.engine,
    output: OutputForwarder(prefix: "", engine: cluster.engine, cluster: cluster, writer: slow))
  await eventually("its end was not seen") { child.hasEnded }
  #expect(await child.waitForExit(atMost: .milliseconds(5)) == nil)
  // There is no such process any more, or it is somebody else's.
  child.signal(SIGKILL)
  hold.fulfil(.success(true))
  #expect(await child.waitForExit().code == 0)
}

@Test func `input that stays open ends when it is closed`() async throws {
  let cluster = Cluster(id: 1, spin: .zero)
  ClusterPair.keep(cluster)
  let output = OutputForwarder(pid: 2, engine: cluster.engine, cluster: cluster)
  let child = try ChildProcess.spawn(
    ChildProcess.Command(
      executable: "/bin/cat", arguments: [], environment: [:], directory: nil, input: "one\n", keepsInput: true),
    engine: cluster.engine, output: output)
  child.write("two\n")
  await eventually("its output did not come") { output.lastLines == ["one", "two"] }
  #expect(!child.hasEnded)
  child.closeInput()
  #expect(await child.waitForExit().code == 0)
  // Nobody reads that any more.
  child.write("three\n")
}

@Test func `it finds its input, its environment and its directory`() async throws {
  let directory = try TestDirectory()
  let (child, output) = try Nursery().spawn(
    "cat; echo $WORD; pwd; set -- $(env | grep -c MUSTER_SECRET); echo $1", directory: directory.path,
    environment: ["WORD": "two words", "PATH": "/usr/bin:/bin"], input: "from the input\n")
  #expect(await child.waitForExit().code == 0)
  #expect(output.lastLines == ["from the input", "two words", directory.path, "0"])
}

@Test func `a child inherits no descriptor of the Engine, and is in a process group of its own`() async throws {
  let (child, output) = try Nursery().spawn(
    "ls -l /proc/self/fd | grep -c anon_inode; ps -o pgid= -p $$ 2>/dev/null || cut -d' ' -f5 /proc/$$/stat")
  #expect(await child.waitForExit().code == 0)
  #expect(output.lastLines.first?.filter { $0 != " " } == "0")
  #expect(output.lastLines.last?.filter { $0 != " " } == "\(child.pid)")
}

@Test func `a missing executable or directory is an error that names it`() async throws {
  let nursery = Nursery()
  for (executable, directory, word) in [
    ("/no/such/program", nil, "/no/such/program"), ("/etc/passwd", nil, "/etc/passwd"),
    ("/bin/sh", "/no/such/place", "/no/such/place"),
  ] as [(String, String?, String)] {
    do {
      _ = try nursery.spawn("true", executable: executable, directory: directory)
      Issue.record("it was started")
    } catch let error as ClusterError {
      #expect(error.code == .launchFailed && error.message.contains(word))
    }
  }
}

@Test func `a child that closes its streams early is alive until it ends`() async throws {
  let directory = try TestDirectory()
  let (child, output) = try Nursery().spawn(
    "echo before; exec >&- 2>&- <&-; while [ ! -e go ]; do sleep 0.01; done; exit 3", directory: directory.path,
    environment: ["PATH": "/usr/bin:/bin"])
  await eventually("its output did not come") { output.lastLines == ["before"] }
  #expect(await child.waitForExit(atMost: .milliseconds(5)) == nil)
  close(open(directory.path + "/go", O_CREAT | O_WRONLY, 0o600))
  #expect(await child.waitForExit().code == 3)
}

@Test func `a child's end is told though a child of its own keeps the streams open`() async throws {
  let (child, output) = try Nursery().spawn(
    "sh -c 'exec sleep 60' & echo $!; echo done", environment: ["PATH": "/usr/bin:/bin"])
  #expect(await child.waitForExit().code == 0)
  #expect(output.lastLines.last == "done")
  if let grandchild = output.lastLines.first.flatMap({ Int32($0) }) { kill(grandchild, SIGKILL) }
}

@Test func `many children at once are all told apart`() async throws {
  let nursery = Nursery()
  let children = try (0..<40).map { try nursery.spawn("echo \($0); exit \($0)") }
  for (index, (child, output)) in children.enumerated() {
    #expect(await child.waitForExit().code == Int32(index))
    #expect(output.lastLines == ["\(index)"])
  }
}

import Foundation
import Glibc
import Muster
import Testing

extension ClusterTests {
  /// Torque's commands, as Debian's slurm-wlm-torque has them, on a real Slurm with two nodes of their own network and
  /// processes.
  @Suite(.enabled(if: TorqueLab.missing == nil, TorqueLab.missing.map { Comment(rawValue: $0) }))
  struct Torque {
    @Test func `workers are elements of an array of Torque's, on several nodes`() async throws {
      let lab = try TorqueLab()
      defer { lab.down() }
      try await leavingNothingBehind {
        let pids = try await addprocs(PBSManager(np: 3))
        #expect(pids.count == 3)
        var nodes: Set<String> = []
        for pid in pids { nodes.insert(try await remotecallFetch(TorqueNodeName(), on: pid)) }
        #expect(nodes == ["node1", "node2"])
        #expect(try await pmap(Square(), 1...10) == (1...10).map { $0 * $0 })
        try await rmprocs(pids)
        await eventually("the job is over") { lab.jobs.isEmpty }

        // One worker is no array.
        let one = try await addprocs(PBSManager(np: 1))
        #expect(one.count == 1)
        try await rmprocs(one)
        await eventually("the job is over") { lab.jobs.isEmpty }

        var pbs = PBSOptions()
        pbs.queue = "nope"
        let error = await thrown(ClusterError.self) { try await addprocs(PBSManager(np: 2, pbs)) }
        #expect(error?.message.contains("Invalid partition name") == true, "\(error as Any)")

        // An element that ends early is noticed here, too.
        var options = AddprocsOptions()
        options.exename = try lab.program("[ $PBS_MUSTER_NODE != 1 ] || exit 3")
        let early = try await within(.seconds(40), "addprocs") { [options] in
          await thrown(ClusterError.self) { try await addprocs(PBSManager(np: 3), options: options) }
        }
        #expect(
          early?.message.contains("have ended without having started a worker (1: exit status 3)") == true,
          "\(early as Any)")
        await eventually("the job is deleted") { lab.jobs.isEmpty }

        // There is room for two of them: the third waits, until somebody has had enough.
        pbs.queue = nil
        pbs.cpusPerWorker = 2
        options = AddprocsOptions()
        options.timeout = .seconds(4)
        let waiting = Task { [pbs, options] in try await addprocs(PBSManager(np: 3, pbs), options: options) }
        await eventually("two elements run") { lab.states == ["PENDING", "RUNNING", "RUNNING"] }
        let launchIsOver = ContinuousClock.now + .seconds(5)
        await eventually("it has waited longer than a launch may take") { ContinuousClock.now > launchIsOver }
        #expect(lab.states == ["PENDING", "RUNNING", "RUNNING"])
        waiting.cancel()
        await #expect(throws: (any Error).self) { _ = try await waiting.value }
        await eventually("the job is deleted") { lab.jobs.isEmpty }
      }
    }
  }
}

struct TorqueNodeName: RemoteThunk {
  func callAsFunction() -> String { ProcessInfo.processInfo.hostName }
}

/// A Slurm cluster of the tests, with Torque's commands.
private final class TorqueLab {
  /// What prevents one on this machine.
  static let missing: String? = {
    guard geteuid() == 0 else { return "only root may make the namespaces of the test's nodes" }
    guard shell("command -v slurmctld slurmd munged qsub").code == 0 else {
      return "the packages of scripts/install-packages test are missing"
    }
    return nil
  }()

  private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../Lab/slurm").standardizedFileURL.path
  private let directory: String
  private let home = ProcessInfo.processInfo.environment["HOME"]

  init() throws {
    directory = NSTemporaryDirectory() + "torque-lab-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let result = shell("'\(Self.script)' up '\(directory)' --nodes 2 --cpus 2 --with \(getpid())")
    try #require(result.code == 0, "\(result.output)")
    setenv("SLURM_CONF", "\(directory)/slurm.conf", 1)
    setenv("HOME", directory, 1)
  }

  /// Those that wait or run.
  var jobs: [String] { shell("squeue --noheader --format=%i").output.split(separator: "\n").map(String.init) }

  var states: [String] {
    shell("squeue --noheader --array --format=%T").output.split(separator: "\n").map(String.init).sorted()
  }

  /// Writes an executable that does something else before it becomes the test runner.
  func program(_ script: String) throws -> String {
    let runner = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
    let path = "\(directory)/program"
    try "#!/bin/sh\n\(script)\nexec '\(runner)' \"$@\"\n".write(toFile: path, atomically: true, encoding: .utf8)
    chmod(path, 0o755)
    return path
  }

  func down() {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    let secrets = files.filter { $0.hasPrefix(".muster") }
    #expect(secrets.isEmpty)
    _ = shell("'\(Self.script)' down '\(directory)'")
    unsetenv("SLURM_CONF")
    if let home { setenv("HOME", home, 1) } else { unsetenv("HOME") }
    try? FileManager.default.removeItem(atPath: directory)
  }
}

import Foundation
import Testing

/// The command `muster map` where a batch system or a hostfile says what the workers are.
enum MapInJob {
  static let muster = URL(fileURLWithPath: RunningProgram.path).deletingLastPathComponent()
    .appendingPathComponent("muster").path
  static let command = "'\(muster)' map -k --tag 'uname -n; echo {#} of $PARALLEL_SEQ' ::: a b c d e f"

  /// Each command has run once, and its output is in order.
  static func expectAll(_ output: String, sourceLocation: SourceLocation = #_sourceLocation) -> [String] {
    let lines = output.split(separator: "\n").map { $0.split(separator: "\t", maxSplits: 1).map(String.init) }
    let second = lines.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
    #expect(
      second == zip("abcdef", 1...6).map { ["\($0)", "\($1) of \($1)"] }, "\(output)", sourceLocation: sourceLocation)
    return lines.enumerated().filter { $0.offset % 2 == 0 }.map { $0.element.last ?? "" }
  }
}

extension ClusterTests.Slurm {
  @Test(arguments: ["sbatch", "srun"])
  func musterMapUsesTheNodesOfTheJob(way: String) async throws {
    let lab = SlurmLab.shared
    let output = lab.path("map-\(way)")
    let words =
      way == "sbatch"
      ? ["sbatch", "--wait", "-N3", "-n6", "-o", output, "--wrap", "exec \(MapInJob.command)"]
      : ["sh", "-c", "srun -N3 -n7 -O \(MapInJob.command) > \(output)"]
    let result = SlurmLab.run(words, within: 60)
    #expect(result.code == 0, "\(result.errors)")
    let nodes = MapInJob.expectAll(lab.text("map-\(way)"))
    #expect(Set(nodes) == ["node1", "node2", "node3"])
    await lab.expectNothingLeft()
  }
}

extension ClusterTests.Slurm {
  @Test func aMapOfTheTasksOfSrunHasOneJoblogAndItsCommandsMayBeMaps() async throws {
    let lab = SlurmLab.shared
    let inner = "'\(MapInJob.muster)' map -k echo in ::: x y #"
    try
      "srun -n3 -O '\(MapInJob.muster)' map --joblog \(lab.path("joblog")) \"\(inner)\" ::: a > \(lab.path("nested"))\n"
      .write(toFile: lab.path("nested.sh"), atomically: true, encoding: .utf8)
    let result = SlurmLab.run(["sh", lab.path("nested.sh")], within: 60)
    #expect(result.code == 0, "\(result.errors)")
    #expect(lab.text("nested") == "in x\nin y\n")
    #expect(lab.text("joblog").split(separator: "\n").count == 2, "\(lab.text("joblog"))")
    await lab.expectNothingLeft()
  }
}

extension ClusterTests {
  @Suite struct MapInJobs {
    @Test func musterMapUsesTheNodesOfAPBSJob() async throws {
      try await withPBS { lab in
        let output = "\(lab.directory)/output"
        let script = "\(lab.directory)/map.pbs"
        try "#PBS -l select=3:ncpus=2:mpiprocs=2\n\(MapInJob.command)\n".write(
          toFile: script, atomically: true, encoding: .utf8)
        let result = shell("'\(lab.directory)/bin/qsub' -j oe -o \(output) \(script)")
        try #require(result.code == 0, "\(result.output)")
        await eventually(within: .seconds(40), "the job is over") { lab.jobs.allSatisfy { $0 == "F" } }
        _ = MapInJob.expectAll((try? String(contentsOfFile: output, encoding: .utf8)) ?? "")
      }
    }

    @Test(arguments: ["LSB_DJOB_HOSTFILE", "LSB_MCPU_HOSTS"])
    func musterMapUsesTheHostsOfAnLSFJob(variable: String) async throws {
      let hosts = try SSHHosts(["loopback"])
      let directory = hosts.directory
      try "l1\nl1\nl2\n".write(toFile: "\(directory)/djob", atomically: true, encoding: .utf8)
      let value = variable == "LSB_DJOB_HOSTFILE" ? "\(directory)/djob" : "l1 2 l2 1"
      // Each of three waits for the others, so each has a worker; the third word is where sshd was called.
      let script =
        "touch \(directory)/{}.here; until [ $(ls \(directory)/*.here | wc -l) = 3 ]; do sleep 0.05; done; "
        + "echo $SSH_CONNECTION | cut -d\" \" -f3"
      let result = Shell.run(
        "LSB_JOBID=7 \(variable)='\(value)' timeout 60 '\(MapInJob.muster)' map --ssh-config \(directory)/ssh_config "
          + "'\(script)' ::: a b c")
      #expect(result.code == 0, "\(result.output)")
      #expect(
        result.output.split(separator: "\n").sorted() == ["127.0.0.1", "127.0.0.1", "127.0.0.2"], "\(result.output)")
    }

    @Test func musterMapUsesTheHostsOfAFileAndOfTheCommandLine() async throws {
      let hosts = try SSHHosts(["loopback"])
      let file = "\(hosts.directory)/hostfile"
      try "l1 slots=2\nl2\n".write(toFile: file, atomically: true, encoding: .utf8)
      for option in ["--hostfile \(file)", "--ssh l1,l3"] {
        let words = MapInJob.command.replacing(
          " map ", with: " map \(option) --ssh-config \(hosts.directory)/ssh_config ")
        let result = Shell.run("timeout 60 \(words)")
        #expect(result.code == 0)
        _ = MapInJob.expectAll(result.output)
      }
    }
  }
}

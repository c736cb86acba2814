import Foundation
import Glibc
import Testing

extension ClusterTests {
  /// `muster doctor` and `muster topo` on other hosts.
  @Suite struct OtherHosts {
    private struct Finding: Decodable {
      let place: String
      let name: String
      let verdict: String
      let text: String
    }

    /// Lines of the log may stand before it.
    private func findings(_ output: String) throws -> [Finding] {
      let json = output[(output.range(of: "[\n")?.lowerBound ?? output.startIndex)...]
      return try JSONDecoder().decode([Finding].self, from: Data(json.utf8))
    }

    @Test func hostsOverSSHAndOneThatDoesNotExist() async throws {
      let hosts = try SSHHosts(["loopback"])
      let result = MusterCommand.run(
        ["doctor", "--json", "--ssh", "l1", "l2", "no-such-host", "--ssh-config", "\(hosts.directory)/ssh_config"])
      let findings = try findings(result.output)
      for host in ["l1", "l2"] {
        let own = findings.filter { $0.place == host }
        #expect(own.contains { $0.name == "executable" && $0.verdict == "ok" }, "\(result.output)")
        #expect(own.contains { $0.name == "round trip" } && own.contains { $0.name == "bandwidth" })
      }
      #expect(findings.contains { $0.place == "no-such-host" && $0.name == "reached" && $0.verdict == "failure" })
      #expect(result.code == 1)
    }

    @Test func aHostThatHangsIsAFailureAndHoldsUpNobody() async throws {
      let hosts = try SSHHosts(["loopback"], ["hanging"])
      // Longer than it promises, for a machine that is busy; ssh would wait for 1,000 s.
      let result = Shell.run(
        "timeout 40 '\(MusterCommand.path)' doctor --json --ssh l1 l6 --ssh-config '\(hosts.directory)/ssh_config'")
      let findings = try findings(result.output)
      #expect(findings.contains { $0.place == "l6" && $0.name == "reached" && $0.verdict == "failure" })
      #expect(findings.contains { $0.place == "l1" && $0.name == "round trip" }, "\(result.output)")
      #expect(result.code == 1)
    }

    @Test(.disabled(if: SSHHosts.noNamespaces != nil, "\(SSHHosts.noNamespaces ?? "")"))
    func theInterfaceByWhichAHostIsReachedIsNamed() async throws {
      let hosts = try SSHHosts(["namespaces", "1"])
      let config = ["--ssh-config", "\(hosts.directory)/ssh_config"]
      let result = MusterCommand.run(["doctor", "--json", "--ssh", "h1"] + config)
      let reached = try findings(result.output).first { $0.place == "h1" && $0.name == "reached" }
      #expect(reached?.verdict == "ok" && reached?.text.contains("interface") == true, "\(result.output)")
    }
  }
}

extension ClusterTests.Slurm {
  @Test func planAndDoctorInAJob() async throws {
    let lab = SlurmLab.shared
    let job =
      "'\(MusterCommand.path)' plan && '\(MusterCommand.path)' doctor && '\(MusterCommand.path)' topo --on node2"
    let result = SlurmLab.run(
      ["sbatch", "--wait", "-N2", "-n3", "-t", "10", "-D", lab.path(""), "-o", lab.path("doctor"), "--wrap", job],
      within: 90)
    let text = lab.text("doctor")
    #expect(result.code == 0, "\(result.errors)\(text)")
    for word in [
      "node[1-2], room for 3 workers", "left", "--nodelist=node[1-2]", "srun --mpi", "slurmctld", "node2: ",
    ] {
      #expect(text.contains(word), "\(word) in \(text)")
    }
    #expect(text.contains("ok       node1") && text.contains("ok       node2"), "\(text)")
    #expect(!text.contains("failure  "), "\(text)")
    await lab.expectNothingLeft()
  }
}

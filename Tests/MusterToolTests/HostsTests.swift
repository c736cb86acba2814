import Foundation
import Testing

@Suite struct HostsTests {
  @Test(arguments: [
    (["n[001-003],m1"], "n001\nn002\nn003\nm1\n"), (["--compact", "n1", "n2", "n4"], "n[1-2,4]\n"),
    (["n[1-2]", "--to", "openmpi"], "n1 slots=1\nn2 slots=1\n"), (["--to", "slurm", "b", "b", "a"], "b,a 2,1\n"),
  ])
  func nodeListsAreExpandedAndCompacted(arguments: [String], printed: String) throws {
    let result = try Tool.run(["hosts"] + arguments)
    #expect(result.output == printed, "\(result.errors)")
    #expect(result.code == 0)
  }

  @Test(arguments: ["openmpi-slots", "mpich-counts", "slurm-counts", "pbs-nodefile", "lsf-mcpu-hosts"])
  func aHostfileOfAnyKindBecomesOneOfJuliaAndIsTheSame(name: String) throws {
    let format = String(name.prefix { $0 != "-" })
    let result = try Tool.run(
      ["hosts", Tool.fixture("Hostfiles/good/\(name).hosts"), "--format", format, "--to", "julia"])
    let expected = try String(contentsOfFile: Tool.fixture("Hostfiles/good/\(name).machines"), encoding: .utf8)
    #expect(result.lines == expected.split(separator: "\n").map(String.init), "\(result.errors)")
  }

  @Test func withoutAnArgumentTheHostsAreThoseOfTheJobAndOutsideOfOneStandardInput() throws {
    let job = ["SLURM_JOB_ID": "7", "SLURM_JOB_NODELIST": "n[1-2]", "SLURM_TASKS_PER_NODE": "4(x2)"]
    #expect(try Tool.run(["hosts", "--to", "mpich"], environment: job).output == "n1:4\nn2:4\n")
    #expect(try Tool.run(["hosts", "--to", "list"], input: "a slots=4\n").output == "a\n")
  }

  @Test func jsonHasWhatIsKnownOfEachMachine() throws {
    let result = try Tool.run(["hosts", "-", "--json"], input: "4*me@n1:2222 dir=/scratch\nauto*n2\n")
    let machines = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]])
    #expect(machines.count == 2 && machines[0]["workers"] as? Int == 4 && machines[0]["port"] as? Int == 2222)
    #expect(machines[0]["dir"] as? String == "/scratch" && machines[1]["workers"] == nil)
  }

  @Test func whatIsNoHostIsAnErrorThatSaysWhere() throws {
    let result = try Tool.run(["hosts", "n[1-"])
    #expect(result.code != 0 && result.errors.contains("expected"), "\(result.errors)")
    let pbs = try Tool.run(["hosts", "-", "--to", "pbs"], input: "me@n1 slots=2\n")
    #expect(pbs.code != 0 && pbs.errors.contains("n1") && pbs.errors.contains("julia"), "\(pbs.errors)")
  }
}

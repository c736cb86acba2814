import Foundation
import Testing

@testable import MusterTool

@Suite struct PlanTests {
  private func plan(_ arguments: [String], environment: [String: String] = [:]) throws -> [String: Any] {
    let result = try Tool.run(["plan", "--json"] + arguments, environment: environment)
    #expect(result.code == 0, "\(result.errors)")
    return try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
  }

  private func words(_ plan: [String: Any], _ index: Int) throws -> [String] {
    let commands = try #require(plan["commands"] as? [[String: Any]])
    return try #require(commands[index]["words"] as? [String])
  }

  @Test func workersOnThisMachine() throws {
    let plan = try plan(["--procs", "2", "--placement", "core", "/bin/simulate", "--steps", "3"])
    #expect(try words(plan, 0) == ["/bin/simulate", "--worker", "--steps", "3"])
    let workers = try #require(plan["workers"] as? [[String: Any]])
    #expect(workers.map { $0["worker"] as? Int } == [2, 3] && workers.allSatisfy { $0["isAssumed"] as? Bool == false })
    #expect((plan["addresses"] as? [String])?.first?.hasPrefix("unix:") == true)
  }

  @Test func theCommandLinesOfSSHOfHostsThatNobodyHasAsked() throws {
    let plan = try plan(["--ssh", "no-such-host-1", "4*me@no-such-host-2:2222", "--timeout", "7"])
    let second = try words(plan, 1)
    #expect(second[0] == "ssh" && second.contains("BatchMode=yes") && second.contains("ConnectTimeout=7"))
    #expect(second.suffix(7).dropLast() == ["-p", "2222", "-l", "me", "--", "no-such-host-2"])
    #expect(second.last?.hasSuffix("/muster --worker") == true)
    #expect((plan["workers"] as? [Any])?.count == 5)
    #expect((plan["times"] as? [String: Any])?["timeout"] as? Double == 7)
  }

  private let slurm = [
    "SLURM_JOB_ID": "7", "SLURM_JOB_NODELIST": "n[1-2]", "SLURM_TASKS_PER_NODE": "2(x2)",
    "SLURM_JOB_CPUS_PER_NODE": "2(x2)",
  ]

  @Test func theStepOfASlurmJob() throws {
    let plan = try plan([], environment: slurm)
    let srun = try words(plan, 0)
    #expect(srun.contains("--nodelist=n[1-2]") && srun.contains("--ntasks=2") && srun.last == "--worker", "\(srun)")
    let workers = try #require(plan["workers"] as? [[String: Any]])
    #expect(workers.map { $0["host"] as? String } == ["n1", "n1", "n2", "n2"])
    #expect((plan["detected"] as? [String: Any])?["job"] as? String == "Slurm job 7")
  }

  @Test func aPBSJobAndTheFirstStarterThatIsThere() throws {
    let file = NSTemporaryDirectory() + "nodes-\(UUID().uuidString)"
    try "n1\nn1\nn2\n".write(toFile: file, atomically: true, encoding: .utf8)
    defer { unlink(file) }
    let plan = try plan([], environment: ["PBS_JOBID": "3.head", "PBS_NODEFILE": file])
    #expect(["pbs_tmrsh", "pbsdsh", "mpirun", "ssh"].contains(try words(plan, 0)[0]))
    #expect(plan["hosts"] as? [String: String] == ["n1": "2", "n2": "1"])
    #expect((plan["detected"] as? [String: Any])?["job"] as? String == "PBS job 3.head")
  }

  @Test func forPeopleEverythingIsThereAndNothingSecret() throws {
    let result = try Tool.run(["plan"], environment: slurm)
    for word in ["Slurm job 7", "srun", "--nodelist=n[1-2]", "Workers", "a free port", "60.0 s", "this host"] {
      #expect(result.output.contains(word), "\(word) in \(result.output)")
    }
    // The cookie has 64 hexadecimal digits.
    #expect(result.output.firstMatch(of: /[0-9a-f]{24}/) == nil, "\(result.output)")
  }

  @Test func whatAddprocsWouldRefuseIsRefused() throws {
    let stranger = try Tool.run(["plan", "--hostfile", "-"], environment: slurm)
    #expect(stranger.code != 0)
    let hosts = NSTemporaryDirectory() + "hosts-\(UUID().uuidString)"
    try "n3 slots=1\n".write(toFile: hosts, atomically: true, encoding: .utf8)
    defer { unlink(hosts) }
    let result = try Tool.run(["plan", "--hostfile", hosts], environment: slurm)
    #expect(result.code != 0 && result.errors.contains("n3 is not a host of Slurm job 7"), "\(result.errors)")
  }

  @Test func waysThatExcludeEachOther() throws {
    let result = try Tool.run(["plan", "--procs", "2", "--ssh", "n1"])
    #expect(result.code != 0 && result.errors.contains("--procs and --ssh exclude each other"), "\(result.errors)")
  }

  @Test func whatThreadsMayCallMPIShowsBeforeItIsInitialised() {
    let openMPI = "Open MPI v4.1.4, package: Debian OpenMPI"
    func information(_ version: String, _ answer: String) -> String {
      "ompi:version:full:\(version)\noption:threads:\"posix (MPI_THREAD_MULTIPLE: \(answer), OPAL support: yes)\"\n"
    }
    let of = BuiltThreadLevel.text
    #expect(of(openMPI, information("4.1.4", "yes")).hasPrefix("MPI_THREAD_MULTIPLE"))
    #expect(of(openMPI, information("4.1.4", "no")).hasPrefix("less than"))
    // That of another Open MPI, or none.
    #expect(of(openMPI, information("5.0.1", "yes")).contains("doctor") && of(openMPI, nil).contains("doctor"))
    #expect(of("MPICH Version: 4.0.2\nMPICH configure: --prefix=/usr", nil).hasPrefix("MPI_THREAD_MULTIPLE"))
    #expect(of("MPICH Version: 4.0.2 --enable-threads=funneled --x", nil).hasPrefix("MPI_THREAD_FUNNELED"))
  }

  @Test(arguments: [["status", "--interval", "inf"], ["kill", "1", "--grace", "nan"], ["plan", "--timeout", "1e30"]])
  func aTimeThatNobodyWouldWaitIsRefused(arguments: [String]) throws {
    let result = try Tool.run(arguments)
    #expect(result.code == 64 && result.errors.contains("number of seconds"), "\(result.errors)")
  }

  #if MPI
    @Test func ranksThatMpirunStarts() throws {
      let plan = try plan(["--mpi", "3"])
      let words = try words(plan, 0)
      #expect(words[0] == "mpirun" && words[1...2] == ["-n", "3"], "\(words)")
      let mpi = (plan["detected"] as? [String: Any])?["mpi"] as? [String: Any]
      // Debian's, as it was built.
      #expect((mpi?["threads"] as? String)?.contains("MPI_THREAD_MULTIPLE") == true, "\(String(describing: mpi))")
      #expect(
        (mpi?["library"] as? String)?.isEmpty == false && (mpi?["launcher"] as? String)?.contains("mpirun") == true)
    }
  #endif
}

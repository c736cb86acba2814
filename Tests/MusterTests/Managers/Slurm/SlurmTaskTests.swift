import Foundation
import Glibc
import Testing

@testable import Muster

@Suite struct SlurmTaskTests {
  private let variables = [
    "SLURM_JOB_ID": "7", "SLURM_STEP_ID": "2", "SLURM_PROCID": "3", "SLURM_STEP_NUM_TASKS": "4",
  ]

  @Test func aTaskOfAStepThatRunsTheProgramItself() throws {
    let task = try #require(SlurmTask(environment: variables))
    #expect(task.rank == 3 && task.count == 4)
    #expect(task.directory == ".muster-7.2.0")
    let again = SlurmTask(environment: variables.merging(["SLURM_RESTART_COUNT": "1"]) { $1 })
    #expect(again?.directory == ".muster-7.2.1")
  }

  @Test(arguments: [
    ["SLURM_STEP_NUM_TASKS": "1"], ["SLURM_PROCID": "4"], ["SLURM_PROCID": "x"], ["MUSTER_SLURM_TASK": "7.2.0"],
    ["PMIX_RANK": "3"], ["PMI_RANK": "3"],
  ])
  func whoIsAloneOrWasStartedOtherwiseIsNone(change: [String: String]) {
    #expect(SlurmTask(environment: variables.merging(change) { $1 }) == nil)
  }

  @Test func whatIsForTheOtherSideOfAJobIsAnError() {
    let error = #expect(throws: ClusterError.self) { _ = try SlurmManager(ntasks: 2, nodelist: ["n1"]) }
    #expect(error?.code == .invalidArgument && error?.message.contains("--nodelist=") == true)
  }

  @Test func aJobForWhichSrunHadNotToWaitIsLearntFromAnAgent() {
    var report = SrunReport()
    report.learn(job: "12")
    report.learn(job: "13")
    #expect(report.job == "12")
  }

  @Test func aProgramWithoutMPIThatSrunTakesForOneIsToldSo() {
    let first = variables.merging(["SLURM_PROCID": "0", "PMIX_RANK": "0"]) { $1 }
    let notice = SlurmTask.notice(environment: first, isMPILinked: false)
    #expect(notice?.contains("PMIX_RANK") == true && notice?.contains("srun --mpi=none") == true)
    #expect(SlurmTask.notice(environment: first, isMPILinked: true) == nil)
    #expect(SlurmTask.notice(environment: first.filter { $0.key != "PMIX_RANK" }, isMPILinked: false) == nil)
    #expect(SlurmTask.notice(environment: first.merging(["SLURM_PROCID": "1"]) { $1 }, isMPILinked: false) == nil)
    #expect(SlurmTask.notice(environment: ["PMI_RANK": "0"], isMPILinked: false) == nil)
  }

  @Test(arguments: ["SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"])
  func outsideOfAStepThereAreNoTasks(missing: String) {
    #expect(SlurmTask(environment: variables.filter { $0.key != missing }) == nil)
  }

  @Test func theInvitationIsForThisUserAlone() throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(".muster-\(UUID())").path
    #expect(try InvitationFile.read(directory: directory) == nil)
    let file = try InvitationFile(directory: directory)
    #expect(try InvitationFile.read(directory: directory) == nil)
    try file.write("secret\n\n")
    #expect(try InvitationFile.read(directory: directory) == "secret\n\n")
    var status = stat()
    #expect(stat(directory, &status) == 0 && status.st_mode & 0o777 == 0o700)
    #expect(stat(directory + "/invitation", &status) == 0 && status.st_mode & 0o777 == 0o600)
    // Somebody else's is not taken for it.
    #expect(throws: ClusterError.self) { _ = try InvitationFile(directory: directory) }
    chmod(directory, 0o755)
    #expect(throws: ClusterError.self) { _ = try InvitationFile.read(directory: directory) }
    file.remove()
    #expect(!FileManager.default.fileExists(atPath: directory))
  }

  @Test func whatSrunSaysOfTheQueue() {
    var report = SrunReport()
    #expect(!report.isQueued && report.job == nil)
    report.hear("srun: job 12 queued and waiting for resources")
    #expect(report.isQueued && report.job == "12")
    report.hear("srun: job 12 has been allocated resources")
    #expect(!report.isQueued && report.job == "12")
    for number in 0..<500 { report.hear("line \(number)") }
    #expect(report.lines.count == 200 && report.lines.last == "line 499")
  }
}

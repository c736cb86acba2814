import Muster
import Testing

@testable import MusterTool

@Suite struct ScheduleTests {
  private func job(_ sequence: Int) -> MapJob {
    MapJob(sequence: sequence, arguments: [], text: CommandText(parts: [[]]))
  }

  /// What is started now, and where.
  private func expect(
    _ schedule: inout Schedule, starts expected: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    var started: [String] = []
    while let next = schedule.next() { started.append("\(next.job.sequence)@\(next.pid)") }
    #expect(started == expected, sourceLocation: sourceLocation)
  }

  private func schedule(workers: [ProcessID], jobs: Int, commands: Int) -> Schedule {
    var schedule = Schedule(workers: workers, jobsPerWorker: jobs)
    for sequence in 1...commands { schedule.add(job(sequence)) }
    return schedule
  }

  @Test func eachWorkerGetsAsManyAsItRunsAtOnceAndTheFreestFirst() {
    var schedule = schedule(workers: [2, 3], jobs: 2, commands: 10)
    expect(&schedule, starts: ["1@2", "2@3", "3@2", "4@3"])
    schedule.ended(on: 3, after: 10)
    expect(&schedule, starts: ["5@3"])
    #expect(schedule.waiting == 5)
  }

  @Test func shortCommandsAreSentAheadAndLongOnesAreNot() {
    var schedule = schedule(workers: [2], jobs: 1, commands: 100)
    expect(&schedule, starts: ["1@2"])
    schedule.ended(on: 2, after: 0.001)
    expect(&schedule, starts: (2...8).map { "\($0)@2" })
    // A long one, or one that was given back, ends that.
    schedule.ended(on: 2, after: nil)
    expect(&schedule, starts: [])
  }

  @Test func whatHasFailedSomewhereIsTriedElsewhereFirst() {
    var schedule = schedule(workers: [2, 3], jobs: 1, commands: 1)
    expect(&schedule, starts: ["1@2"])
    schedule.ended(on: 2, after: 1)
    var again = job(1)
    again.failedOn = [2]
    schedule.addAgain(again)
    expect(&schedule, starts: ["1@3"])
    schedule.ended(on: 3, after: 1)
    again.failedOn = [2, 3]
    schedule.addAgain(again)
    expect(&schedule, starts: ["1@2"])
  }

  @Test func aLostWorkerGetsNothingMore() {
    var schedule = schedule(workers: [2, 3], jobs: 1, commands: 4)
    expect(&schedule, starts: ["1@2", "2@3"])
    let news = [schedule.lost(2), schedule.lost(2)]
    #expect(news == [true, false])
    schedule.addAgain(job(1))
    expect(&schedule, starts: [])
    schedule.ended(on: 3, after: 1)
    expect(&schedule, starts: ["1@3"])
    let isNews = schedule.lost(3)
    #expect(isNews && !schedule.hasWorkers)
  }

  @Test(arguments: [
    (["SLURM_JOB_ID": "1"], WorkerChoice.slurm), (["PBS_JOBID": "1"], .pbs),
    (["LSB_DJOB_HOSTFILE": "f"], .hostfile(path: "f", format: .lsf)), ([:], .local(nil)),
    (["LSB_JOBID": "1", "LSB_HOSTS": "a a b"], .lsf),
    // A command of a map is not the job.
    (["SLURM_JOB_ID": "1", "OMPI_COMM_WORLD_SIZE": "2", CommandEnvironment.guards: "1-2"], .local(nil)),
  ])
  func theEnvironmentSaysWhereTheWorkersAre(environment: [String: String], choice: WorkerChoice) {
    #expect(WorkerChoice.ofAllocation { environment[$0] } == choice)
  }

  @Test(arguments: [
    (["OMPI_COMM_WORLD_SIZE": "3"], 3), (["PMIX_RANK": "0", "SLURM_STEP_NUM_TASKS": "4"], 4),
    (["SLURM_STEP_NUM_TASKS": "4"], 1), ([:], 1),
  ])
  func aLauncherSaysHowManyItHasStarted(environment: [String: String], count: Int) {
    #expect(WorkerChoice.launchedTogether { environment[$0] } == count)
  }

  @Test func aGrammarMayGoBeforeAHostfile() {
    #expect(WorkerChoice.hostfile("mpich:hosts") == .hostfile(path: "hosts", format: .mpich))
    #expect(WorkerChoice.hostfile("dir:x/hosts") == .hostfile(path: "dir:x/hosts", format: nil))
  }
}

import Testing

@testable import Muster

/// Of these, Slurm 22.05 was seen to say all with `CANCELLED AT`, `Job step aborted`, `Node failure`, `tasks 0-1: Killed`
/// and the node states; those of memory are written from memory and issue 7, not recorded from a run.
@Suite struct SlurmLossTests {
  @Test(arguments: [
    ("slurmstepd: error: *** STEP 12.0 ON node1 CANCELLED AT 2026-11-21T12:00:00 DUE TO TIME LIMIT ***", "time limit"),
    ("slurmstepd: error: *** JOB 12 ON node1 CANCELLED AT 2026-11-21T12:00:00 DUE TO PREEMPTION ***", "preempted"),
    ("slurmstepd: error: Detected 1 oom-kill event(s) in StepId=12.0.", "out of memory"),
    ("srun: error: node2: task 1: Out Of Memory", "out of memory"),
    ("slurmstepd: error: Step 12.0 exceeded memory limit (300 > 100), being killed", "out of memory"),
    ("srun: error: Node failure on node2", "node node2 failed"),
    ("slurmstepd: error: *** STEP 12.0 ON node1 CANCELLED AT 2026-11-21T12:00:00 ***", "cancelled"),
    ("slurmstepd: error: *** JOB 12 ON node1 CANCELLED AT 2026-11-21T12:00:00 DUE TO JOB REQUEUE ***", "requeued"),
    ("srun: Job step aborted: Waiting up to 4 seconds for job step to finish.", "cancelled"),
  ])
  func srunsWordsAreUnderstoodAndQuoted(message: String, cause: String) {
    let loss = SlurmLoss(messages: ["srun: something else", message], node: "node2")
    #expect(loss.explanation?.contains(cause) == true, "\(loss.explanation ?? "nothing")")
    #expect(loss.explanation?.contains(message) == true)
  }

  @Test func thatAStepWasAbortedIsTheLastThatIsBelieved() {
    let aborted = "srun: Job step aborted: Waiting up to 4 seconds for job step to finish."
    let job = SlurmLoss(messages: [aborted], job: "JobId=7 JobState=TIMEOUT Reason=TimeLimit")
    #expect(job.explanation == "the job's time limit was reached (\(aborted))")
    let node = SlurmLoss(messages: [aborted], node: "node2", nodeState: "NodeName=node2 State=DOWN+NOT_RESPONDING")
    #expect(node.explanation?.contains("node node2 does not respond") == true)
  }

  @Test func aFailureOfAnotherNodeIsNotOurs() {
    let loss = SlurmLoss(messages: ["srun: error: Node failure on node21"], node: "node2")
    #expect(loss.explanation == nil)
  }

  @Test(arguments: [
    ("TIMEOUT", "time limit"), ("PREEMPTED", "preempted"), ("OUT_OF_MEMORY", "out of memory"),
    ("NODE_FAIL", "node"), ("CANCELLED", "cancelled"),
  ])
  func theStateOfTheJobIsUnderstood(state: String, cause: String) {
    let loss = SlurmLoss(job: "JobId=7 JobName=x UserId=root(0) JobState=\(state) Reason=None Restarts=0")
    #expect(loss.explanation?.contains(cause) == true)
    #expect(SlurmLoss(job: "JobId=7 JobState=RUNNING Reason=None").explanation == nil)
  }

  @Test func whoHasCancelledIsSaidWhereThereIsAccounting() {
    var loss = SlurmLoss(
      messages: ["slurmstepd: error: *** STEP 7.0 ON n1 CANCELLED AT 2026-11-21T12:00:00 ***"],
      job: "JobId=7 JobState=CANCELLED Reason=None", accounting: "CANCELLED by 1001\n")
    #expect(loss.explanation?.contains("cancelled by user 1001") == true)
    loss.cancellerName = "ada"
    #expect(loss.explanation?.contains("cancelled by user ada") == true)
  }

  @Test(arguments: [
    ("State=DOWN*", true), ("State=IDLE+COMPLETING+NOT_RESPONDING", true), ("State=ALLOCATED", false),
    ("State=ALLOCATED*", true), ("State=MIXED", false), ("State=DOWN+NOT_RESPONDING", true),
  ])
  func aNodeThatDoesNotRespond(state: String, isLost: Bool) {
    let loss = SlurmLoss(node: "node2", nodeState: "NodeName=node2 Arch=x86_64 \(state) ThreadsPerCore=1")
    #expect((loss.explanation?.contains("node2 does not respond") == true) == isLost)
  }

  @Test(arguments: [
    (0, "Killed"), (1, "Killed"), (2, nil), (3, "Exited with exit code 7"), (9, "Exited with exit code 7"),
  ])
  func howATaskHasEnded(task: Int, end: String?) {
    let messages = [
      "srun: error: node1: tasks 0-1: Killed", "srun: error: node2: tasks 3,8-9: Exited with exit code 7",
    ]
    #expect(SlurmLoss.end(of: task, in: messages) == end)
  }
}

import Testing

@testable import Muster

private let queued = """
  Job Id: 12[].head
      Job_Name = muster
      Job_Owner = alice@head
      job_state = Q
      queue = workq
      comment = Can Never Run: Insufficient amount of resource: ncpus (R: 100 A: 4
  \t T: 4)
      Variable_List = PBS_O_HOME=/home/alice,PBS_O_LANG=C,
  \tPBS_O_WORKDIR=/home/alice/run,N=007
      array = True

  """

@Test func `attributes that go on in the next line are joined`() throws {
  let status = try #require(PBSJobStatus(queued))
  #expect(status.state == "Q" && status.canNeverRun && !status.isOver)
  #expect(status.comment == "Can Never Run: Insufficient amount of resource: ncpus (R: 100 A: 4T: 4)")
  #expect(status.attributes["Variable_List"]?.hasSuffix("PBS_O_WORKDIR=/home/alice/run,N=007") == true)
  #expect(status.summary.hasPrefix("queued (Can Never Run"))
}

@Test func `Slurm's imitation is read too`() throws {
  let text = "Job Id:\t7\n\tJob_Name = muster\n\tjob_state = R\n\tqueue = debug\n\tqtime = Sat Nov 21 16:00:00 2026\n\n"
  let status = try #require(PBSJobStatus(text))
  #expect(status.state == "R" && status.attributes["queue"] == "debug" && status.summary == "running")
}

@Test func `a job that is over says with which status`() throws {
  let status = try #require(PBSJobStatus("Job Id: 1.s\n    job_state = F\n    Exit_status = 271\n"))
  #expect(status.isOver && status.summary == "finished with exit status 271")
}

@Test func `only the first job is read`() throws {
  let status = try #require(PBSJobStatus("Job Id: 1.s\n    job_state = R\n\nJob Id: 2.s\n    job_state = F\n"))
  #expect(status.state == "R")
}

@Test(arguments: ["", "qstat: Unknown Job Id 12.head\n", "Job Id: 1.s\n", "Job Id: 1.s\n    queue = workq\n"])
func `what says nothing of a job is no status`(text: String) { #expect(PBSJobStatus(text) == nil) }

@Test func `of an array it is told how many elements wait, and how many have ended`() throws {
  let text = "Job Id: 1[].s\n    job_state = B\n    array_state_count = Queued:12 Running:2 Exiting:0 Expired:1 \n"
  let status = try #require(PBSJobStatus(text))
  #expect(status.queuedElements == 12 && status.endedElements == 1 && !status.isWaiting)
  let single = try #require(PBSJobStatus("Job Id: 1.s\n    job_state = H\n"))
  #expect(single.queuedElements == nil && single.endedElements == nil && single.isWaiting)
}

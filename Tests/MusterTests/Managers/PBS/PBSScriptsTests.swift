import Testing

@testable import Muster

private let scripts = PBSScripts(
  directory: "/home/me/.muster-x", executable: "/opt/it's/run",
  environment: [
    "OMP_NUM_THREADS": "2", "PBS_JOBID": "1.s", "SLURM_JOB_ID": "3", "A": "it's\n$HOME", "B()": "x", "TMPDIR": "/t",
    "UID": "1000", "PPID": "1",
  ],
  workingDirectory: "/home/me/my run", umask: "0027")

@Test func `an agent gets directory, umask and environment of the user, and the secret as its input`() {
  let agent = scripts.agent
  #expect(agent.hasPrefix("#!/bin/sh\n") && agent.contains("\numask 0027\n"))
  #expect(agent.contains("\nexport A='it'\\''s\n$HOME'\nexport OMP_NUM_THREADS=2\n"))
  for other in ["PBS_JOBID", "SLURM_JOB_ID", "B()", "TMPDIR", "UID", "PPID"] { #expect(!agent.contains(other)) }
  #expect(agent.contains("\ncd '/home/me/my run' || exit 1\n"))
  #expect(agent.hasSuffix("\nexec '/opt/it'\\''s/run' --worker </home/me/.muster-x/invitation\n"))
}

@Test func `the job of an array is one agent for each element`() {
  let job = scripts.job(PBSRequest(dialect: .openPBS, workers: 4, options: PBSOptions()))
  #expect(job.hasPrefix("#!/bin/sh\n"))
  #expect(job.contains("element=\"${PBS_ARRAY_INDEX:-"))
  #expect(job.contains("/bin/sh /home/me/.muster-x/agent \"$element\" 1 4\n"))
  #expect(job.hasSuffix(">>/home/me/.muster-x/ended\n"))
}

@Test func `each starter has a command for each host, and mpirun one for all`() {
  let targets = PBSStarter.targets(["n1", "n1", "n2"])
  func lines(_ starter: PBSStarter) -> [String] {
    starter.commands(for: targets, scripts: scripts, hostfile: "/h").map { $0.joined(separator: " ") }
  }
  #expect(
    lines(.pbsTmrsh) == [
      "pbs_tmrsh n1 /bin/sh /home/me/.muster-x/agent 0", "pbs_tmrsh n2 /bin/sh /home/me/.muster-x/agent 1",
    ])
  #expect(
    lines(.pbsdsh) == [
      "pbsdsh -n 0 -- /bin/sh /home/me/.muster-x/agent 0", "pbsdsh -n 2 -- /bin/sh /home/me/.muster-x/agent 1",
    ])
  #expect(
    lines(.mpirun) == [
      "mpirun --hostfile /h --map-by ppr:1:node --bind-to none -np 2 /bin/sh /home/me/.muster-x/agent rank"
    ])
  #expect(lines(.ssh)[1] == "ssh -o BatchMode=yes n2 /bin/sh /home/me/.muster-x/agent 1")
}

import Testing

@testable import Muster

private func allocation(_ list: String) throws -> Allocation {
  Allocation(scheduler: .slurm, id: "7", machines: try Hostfile(parsing: list, format: .slurm).machines)
}

@Test func `inside a job a hostfile is a filter, and counts are capped and said`() throws {
  let job = try allocation("n[1-3] 4(x2),1")
  let wanted = try Hostfile(parsing: "2*n1\n8*n2.cluster.org dir=/a\nauto*n3\n").machines
  let (machines, notes) = try job.filter(wanted)
  #expect(machines.map(\.description) == ["2*n1", "4*n2.cluster.org dir=/a", "n3"])
  #expect(notes == ["n2.cluster.org: 4 of the 8 workers asked for, because Slurm job 7 has no more there"])
}

@Test func `entries of one host share what the job has there`() throws {
  let (machines, notes) = try allocation("n1 4").filter(["n1", "n1:22", .init("N1", count: 4), "n1:23"])
  #expect(machines.map(\.description) == ["n1", "n1:22", "2*N1"])
  #expect(notes.count == 2 && notes[1].contains("n1: 0 of the 1 workers"))
}

@Test func `a host that is not of the job is an error that names both`() throws {
  let error = #expect(throws: ClusterError.self) { try allocation("n[1-3]").filter(["n1", "n4"]) }
  #expect(
    error?.message == "n4 is not a host of Slurm job 7, which has n[1-3]: leave it out, or ask the scheduler for it")
  #expect(throws: ClusterError.self) { try allocation("n1.a.org").filter(["n1.b.org"]) }
}

@Test func `the environment says which job this is`() throws {
  let slurm = try Allocation([
    "SLURM_JOB_ID": "12", "SLURM_JOB_NODELIST": "n[1-2]", "SLURM_TASKS_PER_NODE": "2,1", "SLURM_JOB_CPUS_PER_NODE": "9",
  ])
  #expect(slurm?.job == "Slurm job 12" && slurm?.machines.map(\MachineSpec.description) == ["2*n1", "n2"])
  // A step has variables of its own, and so have the components of a job.
  let step = try Allocation([
    "SLURM_JOB_ID": "12", "SLURM_STEP_ID": "0", "SLURM_JOB_NODELIST": "n[1-2]", "SLURM_TASKS_PER_NODE": "1",
    "SLURM_JOB_CPUS_PER_NODE": "4,2",
  ])
  #expect(step?.machines.map(\MachineSpec.description) == ["4*n1", "2*n2"])
  let components = try Allocation([
    "SLURM_JOB_ID": "12", "SLURM_HET_SIZE": "2", "SLURM_JOB_NODELIST": "n[1-2]", "SLURM_TASKS_PER_NODE": "1(x2)",
    "SLURM_JOB_NODELIST_HET_GROUP_0": "n[1-2]", "SLURM_TASKS_PER_NODE_HET_GROUP_0": "1(x2)",
    "SLURM_JOB_NODELIST_HET_GROUP_1": "n[2-3]", "SLURM_TASKS_PER_NODE_HET_GROUP_1": "2(x2)",
  ])
  #expect(components?.machines.map(\MachineSpec.description) == ["n1", "3*n2", "2*n3"])
  let pbs = try Allocation(["PBS_JOBID": "3.head", "PBS_NODEFILE": "/var/spool/3"]) {
    (path, format) throws(ClusterError) in
    #expect(path == "/var/spool/3" && format == .pbs)
    return try Hostfile(parsing: "n1\nn1\n", format: format)
  }
  #expect(pbs?.job == "PBS job 3.head" && pbs?.machines.map(\MachineSpec.description) == ["2*n1"])
  let lsf = try Allocation(["LSB_JOBID": "5", "LSB_MCPU_HOSTS": "a 2 b 3", "LSB_HOSTS": "a b"])
  #expect(lsf?.machines.map(\MachineSpec.description) == ["2*a", "3*b"])
  #expect(
    try Allocation(["LSB_JOBID": "5", "LSB_HOSTS": "a b a"])?.machines.map(\MachineSpec.description) == ["2*a", "b"])
  #expect(try Allocation(["HOME": "/root"]) == nil && Allocation(["LSB_JOBID": "5"]) == nil)
  #expect(throws: ClusterError.self) { try Allocation(["SLURM_JOB_ID": "1", "SLURM_JOB_NODELIST": "n[1"]) }
}

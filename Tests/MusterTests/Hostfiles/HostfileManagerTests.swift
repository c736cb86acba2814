import Foundation
import Synchronization
import Testing

@testable import Muster

/// The machines that a manager of this file in this environment starts workers on.
private func machines(_ text: String, _ environment: [String: String]) throws -> [String] {
  let path = NSTemporaryDirectory() + "hosts-\(UUID().uuidString)"
  try text.write(toFile: path, atomically: true, encoding: .utf8)
  defer { try? FileManager.default.removeItem(atPath: path) }
  let seen = Mutex<[MachineSpec]>([])
  _ = try HostfileManager(path, format: nil, environment: environment) { machines in
    seen.withLock { $0 = machines }
    return DefaultClusterManager()
  }
  return seen.withLock { $0.map(\.description) }
}

@Test func `outside of a job all machines of a hostfile are used`() throws {
  #expect(try machines("n1 slots=2\nn2 slots=8\n", ["HOME": "/"]) == ["2*n1", "8*n2"])
}

@Test func `inside a job a hostfile is a filter`() throws {
  let job = ["SLURM_JOB_ID": "7", "SLURM_JOB_NODELIST": "n[1-3]", "SLURM_TASKS_PER_NODE": "4(x3)"]
  #expect(try machines("n1 slots=2\nn2 slots=8\n", job) == ["2*n1", "4*n2"])
  #expect(try machines("auto*n3\n", job) == ["4*n3"])
  let error = #expect(throws: ClusterError.self) { try machines("n1\nn9\n", job) }
  #expect(error?.message.contains("n9 is not a host of Slurm job 7, which has n[1-3]") == true)
}

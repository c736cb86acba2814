import Muster

enum Hostfiles: Page {
  static func run() async throws {
    let file = try Hostfile(parsing: "n1 slots=4\nn2 slots=2 # a comment\n")
    try expect(file.machines.map(\.description) == ["4*n1", "2*n2"], "\(file.machines)")
  }

  static func start() async throws {
    try await addprocs(hostfile: "hosts")
    try await addprocs(hostfile: "machines", format: .mpich)  // where the file does not show whose it is
  }

  static func lsf() async throws {
    guard let job = try Allocation.current() else { return }
    try await addprocs(job.machines)  // over ssh
  }
}

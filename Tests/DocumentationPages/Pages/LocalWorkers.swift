import Glibc
import Muster

enum LocalWorkers: Page {
  static func run() async throws {
    try await counts()
    let pids = try await start()
    try await fewerWillDo()
    let left = try await end(pids)
    try expect(left == 2, "\(left) workers")
  }

  static func start() async throws -> [ProcessID] {
    var options = AddprocsOptions()
    options.dir = "/tmp"
    options.env = ["DATA": "/data"]
    options.timeout = .seconds(20)
    return try await addprocs(2, options: options)
  }

  static func counts() async throws {
    let pids = try await addprocs(4)  // four
    try await addprocs()  // one for every core that this process may use
    try expect(nworkers() > pids.count, "\(nworkers())")
    try await rmprocs(workers())
  }

  static func fewerWillDo() async throws {
    var options = AddprocsOptions()
    options.atLeast = 1
    let pids = try await addprocs(2, options: options)
    try expect(pids.count == 2, "\(pids)")
  }

  static func end(_ pids: [ProcessID]) async throws -> Int {
    try await interrupt(pids)  // cancels what runs there
    try await rmprocs(pids, waitfor: .seconds(30))  // asks them to leave; waits so long
    return nworkers()
  }
}

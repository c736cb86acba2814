import Muster
import NamedPipeTransport

struct Square: RemoteFunction {
  func callAsFunction(_ x: Int) -> Int { x * x }
}

struct WhoAmI: RemoteThunk {
  func callAsFunction() -> ProcessID { myid() }
}

/// Asks another process who it is.
struct Ask: RemoteFunction {
  func callAsFunction(_ pid: ProcessID) async throws -> ProcessID { try await remotecallFetch(WhoAmI(), on: pid) }
}

/// A map over workers that are connected by named pipes: a transport and a manager written outside of Muster.
@main enum NamedPipes {
  static func main() async throws {
    let arguments = CommandLine.arguments.dropFirst()
    if arguments.first == NamedPipeManager.workerFlag { try await NamedPipeManager.serve() }

    let pids = try await addprocs(NamedPipeManager(arguments.first.flatMap { Int($0) } ?? 2))
    print("\(try await pmap(Square(), 1...10)) from \(nworkers()) workers")
    for (pid, peer) in zip(pids, pids.dropFirst()) {
      print("worker \(pid) asked worker \(try await remotecallFetch(Ask(), on: pid, peer))")
    }
    try await rmprocs(pids)
  }
}

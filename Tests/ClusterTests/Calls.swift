import CTestWorker
import Muster
import Testing

struct Square: RemoteFunction {
  func callAsFunction(_ x: Int) -> Int { x * x }
}

struct Identity: RemoteThunk {
  func callAsFunction() -> ProcessID { myid() }
}

@Suite(.serialized) struct CallTests {
  init() { test_worker_link() }
  @Test func aWorkerSquares() async throws {
    let pids = try await addprocs(2)
    #expect(try await remotecallFetch(Square(), on: pids[0], 7) == 49)
    #expect(try await remotecallFetch(Identity(), on: pids[1]) == pids[1])
    #expect(try await pmap(Square(), 1...10) == (1...10).map { $0 * $0 })
    try await rmprocs(pids)
  }
}

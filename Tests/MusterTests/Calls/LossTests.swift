import Synchronization
import Testing

@testable import Muster

@Test func `a call to a worker that is lost waits until it is known why`() async throws {
  let manager = InProcessManager(1)
  manager.foundReason.withLock { $0 = "a cosmic ray" }
  manager.holdsLosses.store(true, ordering: .relaxed)
  try await withInProcessWorkers(manager) { pids async throws in
    let link = Cluster.current.openLink(to: pids[0])!
    link.lose("the connection was closed")
    // Called, and spawned, over the connection that is gone already.
    let id = try Cluster.current.sendCall(Square(), 3, over: link)
    // Who does not wait now, as a map's lane, gives the work to somebody else.
    #expect(throws: ProcessExitedError.self) {
      try Cluster.current.sendCall(Square(), 3, over: link, isLast: false)
    }
    let future = try await remotecall(Square(), on: pids[0], 3)
    manager.holdsLosses.store(false, ordering: .relaxed)
    #expect(await link.reply(to: id).kind == .lost)
    for call in [{ try await future.fetch() }, { try await remotecallFetch(Square(), on: pids[0], 3) }] {
      let error = await #expect(throws: ProcessExitedError.self) { try await call() }
      #expect(error?.reason == "a cosmic ray")
    }
    #expect(link.pending.withLock { $0.count } == 0)
  }
}

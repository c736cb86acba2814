import Foundation
import Glibc
import Synchronization
import Testing

@testable import Muster

extension ClusterTests {
  /// What becomes of the others when a worker is given up.
  @Suite struct GivenUp {
    @Test func `the heartbeat's timeout of workers that have gone does not count for later ones`() async throws {
      func timeout() -> UInt64? { Cluster.current.launching.withLock { $0.heartbeat?.timeout } }
      var short = AddprocsOptions()
      short.heartbeatTimeout = .seconds(20)
      try await withWorkers(1, short) { _ in
        #expect(timeout() == 20_000_000_000)
        // As long as they are there it does.
        try await addprocs(1)
        #expect(timeout() == 20_000_000_000)
      }
      try await withWorkers(1) { _ in #expect(timeout() == 30_000_000_000) }
    }

    @Test func `a worker whose connection process 1 gives up takes no sockets of others with it`() async throws {
      try await withWorkers(2) { pids in
        let directory = try #require(Cluster.current.launching.withLock { $0.directory?.path })
        let process = try await osPID(of: pids[0])
        Cluster.current.openLink(to: pids[0])?.lose("a test")
        await eventually("it has ended") { !ProcessTable.isAlive(process) }
        #expect(FileManager.default.fileExists(atPath: "\(directory)/1.sock"))
        let another = try await addprocs(1)[0]
        #expect(try await remotecallFetch(Identity(), on: another) == another)
      }
    }
  }
}

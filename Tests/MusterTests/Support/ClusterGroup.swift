import Synchronization
import Testing

@testable import Muster

/// Several clusters of this process, numbered from 1, connected as the test wants.
final class ClusterGroup: Sendable {
  let clusters: [Cluster]

  /// - Parameters:
  ///   - routes: who is connected to whom; `nil` for everybody.
  ///   - connect: makes the two ends of a connection.
  init(
    _ count: Int, routes: [(ProcessID, ProcessID)]? = nil,
    connect: () -> (any Connection, any Connection) = { InProcessTransport.pair() }
  ) throws {
    clusters = (1...count).map { Cluster(id: ProcessID($0), spin: .zero) }
    Self.kept.withLock { [clusters] in $0 += clusters }
    for cluster in clusters {
      for other in clusters where other !== cluster {
        let info = other.myInfo
        cluster.members.withLock { $0.join(info) }
      }
    }
    let all = (1...count).flatMap { a in (1...count).filter { $0 > a }.map { (ProcessID(a), ProcessID($0)) } }
    for (a, b) in routes ?? all {
      let (first, second) = connect()
      try self[a].adopt(first, from: b)
      try self[b].adopt(second, from: a)
    }
  }

  subscript(_ pid: ProcessID) -> Cluster { clusters[pid.rawValue - 1] }

  /// Ends all threads; nothing works any more.
  func stop() {
    for cluster in clusters {
      cluster.dispatcher.stop()
      cluster.engine.stop()
    }
  }

  /// What refers to a cluster without keeping it may do so after a test.
  private static let kept = Mutex<[Cluster]>([])
}

/// Runs `body` as a program of process 1, expects that no process keeps anything afterwards, and stops all.
func withClusters(
  _ count: Int, routes: [(ProcessID, ProcessID)]? = nil,
  connect: () -> (any Connection, any Connection) = { InProcessTransport.pair() },
  sourceLocation: SourceLocation = #_sourceLocation, _ body: @Sendable (ClusterGroup) async throws -> Void
) async throws {
  let group = try ClusterGroup(count, routes: routes, connect: connect)
  defer { group.stop() }
  try await group[1].run { try await body(group) }
  await expectNothingKept(by: group.clusters, sourceLocation: sourceLocation)
}

/// Expects that everything is released once the messages under way have been dealt with.
func expectNothingKept(by clusters: [Cluster], sourceLocation: SourceLocation = #_sourceLocation) async {
  await eventually("references are kept", sourceLocation: sourceLocation) {
    clusters.allSatisfy { $0.references.count == 0 }
  }
  for cluster in clusters where cluster.references.count > 0 {
    Issue.record("process \(cluster.myid) keeps \(cluster.references.count)", sourceLocation: sourceLocation)
  }
}

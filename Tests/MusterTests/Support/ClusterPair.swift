import Synchronization
import Testing

@testable import Muster

/// Two clusters of this process that are each other's peers over an in-process connection: every layer above bytes
/// can be tested without a process of its own.
///
/// They are the processes 1 and 2. Their Engines run until the test process ends unless `stop` is called, because tasks
/// of the library may be under way when a test is through.
final class ClusterPair: Sendable {
  let one: Cluster
  let two: Cluster
  let linkToTwo: Link
  let linkToOne: Link

  convenience init(_ ids: (ProcessID, ProcessID) = (1, 2), capacity: Int = 1 << 20) throws {
    try self.init(ids, over: InProcessTransport.pair(capacity: capacity))
  }

  init(_ ids: (ProcessID, ProcessID) = (1, 2), over connections: (any Connection, any Connection)) throws {
    let one = Cluster(id: ids.0, spin: .zero)
    let two = Cluster(id: ids.1, spin: .zero)
    Self.keep(one)
    Self.keep(two)
    let (a, b) = connections
    let (first, second) = (one.myInfo, two.myInfo)
    one.members.withLock { $0.join(second) }
    two.members.withLock { $0.join(first) }
    self.one = one
    self.two = two
    linkToTwo = try one.adopt(a, from: ids.1)
    linkToOne = try two.adopt(b, from: ids.0)
  }

  /// Runs `body` as a program of the first process would run.
  func run<Result: Sendable>(_ body: @Sendable () async throws -> Result) async rethrows -> Result {
    try await one.run(body)
  }

  /// Ends all threads; nothing works any more.
  func stop() {
    for cluster in [one, two] {
      cluster.dispatcher.stop()
      cluster.engine.stop()
    }
  }

  /// What refers to a cluster without keeping it may do so after a test.
  static func keep(_ cluster: Cluster) { kept.withLock { $0.append(cluster) } }

  private static let kept = Mutex<[Cluster]>([])
}

/// Runs `body` as a program of process 1 beside process 2, and stops both.
func withClusterPair<Result: Sendable>(
  _ ids: (ProcessID, ProcessID) = (1, 2), capacity: Int = 1 << 20,
  _ body: @Sendable (ClusterPair) async throws -> Result
) async throws -> Result {
  let pair = try ClusterPair(ids, capacity: capacity)
  defer { pair.stop() }
  return try await pair.run { try await body(pair) }
}

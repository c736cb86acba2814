import Synchronization

/// How a process that tells several addresses is reached.
extension Cluster {
  /// Dials the addresses that make sense from here: first a Unix socket, then loopback, then all others at once, of which
  /// the first to prove itself is taken.
  ///
  /// - Parameter node: where the other process runs.
  /// - Returns: `nil` when no address makes sense from here.
  /// - Throws: why none of them could be used; `ClusterError` `.refused` when the other process said so.
  func dialAny(
    _ addresses: [TransportAddress], of node: NodeIdentity, from: ProcessID, to: ProcessID, ticket: UInt64
  ) async throws -> (any Connection)? {
    let reachable = addresses.filter { $0.isReachable(from: .current, to: node) }
    var failures: [DialFailure] = []
    for stage in TransportAddress.Stage.allCases {
      let candidates = reachable.filter { $0.stage == stage }
      switch await race(candidates, from: from, to: to, ticket: ticket) {
      case .success(let connection): return connection
      case .failure(let failure): failures += failure.failures
      }
    }
    guard !failures.isEmpty else { return nil }
    let message = failures.map { "\($0.address): \($0.error)" }.joined(separator: "; ")
    if let refusal = failures.first(where: \.isRefusal) {
      throw ClusterError(.refused, failures.count == 1 ? "\(refusal.error)" : message)
    }
    throw ClusterError(.notConnected, message)
  }

  private func race(
    _ candidates: [TransportAddress], from: ProcessID, to: ProcessID, ticket: UInt64
  ) async -> Result<any Connection, DialFailures> {
    let claim = Claim()
    return await withTaskGroup(of: Result<any Connection, DialFailure>.self) { group in
      for address in candidates {
        group.addTask { [self] in
          do {
            return .success(
              try await handshake.dial(
                Sockets.connect(to: address), from: from, to: to, ticket: ticket, claim: claim.take))
          } catch {
            return .failure(DialFailure(address: address, error: error))
          }
        }
      }
      var failures = DialFailures()
      for await result in group {
        switch result {
        case .success(let connection):
          group.cancelAll()
          return .success(connection)
        case .failure(let failure): failures.failures.append(failure)
        }
      }
      return .failure(failures)
    }
  }
}

/// Taken by one of several that try.
private final class Claim: Sendable {
  private let isTaken = Atomic<Bool>(false)

  var take: @Sendable () -> Bool { { [self] in !isTaken.exchange(true, ordering: .relaxed) } }
}

private struct DialFailure: Error {
  let address: TransportAddress
  let error: any Error

  var isRefusal: Bool { (error as? ClusterError)?.code == .refused }
}

private struct DialFailures: Error {
  var failures: [DialFailure] = []
}

extension TransportAddress {
  /// What is tried before what.
  enum Stage: Int, CaseIterable, Comparable {
    case node, loopback, network

    static func < (one: Stage, other: Stage) -> Bool { one.rawValue < other.rawValue }
  }

  var stage: Stage {
    switch self {
    case .unix, .inProcess, .custom: .node
    case .tcp: isLoopback ? .loopback : .network
    }
  }

  /// A path means something only on the same node, and loopback leads to another host only there.
  func isReachable(from here: NodeIdentity, to there: NodeIdentity) -> Bool {
    switch self {
    case .unix: here == there
    case .tcp: here == there || !isLoopback
    case .inProcess: here == there
    // Only managers know.
    case .custom: false
    }
  }
}

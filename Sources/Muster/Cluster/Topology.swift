/// Which workers are connected to which. Process 1 is connected to all of them.
public enum Topology: String, Sendable, Codable, CaseIterable {
  case allToAll
  /// Workers are connected to process 1 only.
  case masterWorker
  /// Two workers are connected if one of them has the other's `WorkerConfig.ident` among its `connectIdents`.
  case custom

  /// Whether two workers may be connected to each other.
  func connects(_ one: TopologyPlace, _ other: TopologyPlace) -> Bool {
    switch self {
    case .allToAll: true
    case .masterWorker: false
    case .custom: one.isConnected(to: other)
    }
  }
}

/// Where a worker stands in a custom topology: what its manager said in its `WorkerConfig`.
struct TopologyPlace: Codable, Sendable, Equatable {
  var ident: Int?
  var connectIdents: [Int] = []

  /// A connection serves both of its ends, so one of the two need name the other.
  func isConnected(to other: TopologyPlace) -> Bool { names(other) || other.names(self) }

  private func names(_ other: TopologyPlace) -> Bool { other.ident.map(connectIdents.contains) ?? false }
}

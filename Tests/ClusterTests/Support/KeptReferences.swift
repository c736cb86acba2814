import Testing

@testable import Muster

/// How many values a process keeps for others.
struct KeptReferences: RemoteThunk {
  func callAsFunction() -> Int { Cluster.current.references.count }
}

/// Expects that, once the messages under way have been dealt with, no process keeps anything for others.
func expectNothingKept(
  by pids: [ProcessID], sourceLocation: SourceLocation = #_sourceLocation
) async throws {
  for pid in pids {
    try await eventually("process \(pid) keeps nothing", sourceLocation: sourceLocation) {
      try await remotecallFetch(KeptReferences(), on: pid) == 0
    }
  }
}

/// Whether a process keeps this reference.
struct Keeps: RemoteFunction {
  func callAsFunction(_ id: RRID) -> Bool { Cluster.current.references.contains(id) }
}

/// Who holds a reference, as its owner knows it.
struct HoldersOf: RemoteFunction {
  func callAsFunction(_ id: RRID) -> [ProcessID] { Cluster.current.references.holders(of: id).sorted() }
}

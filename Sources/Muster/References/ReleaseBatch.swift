import Synchronization

/// References that this process has dropped, until the owners are told, many at a time.
final class ReleaseBatch: Flushable {
  private static let limit = 4096

  private struct State {
    var dropped: [ProcessID: [RRID]] = [:]
    var count = 0
    var isScheduled = false
  }

  private let state = Mutex(State())
  private unowned let cluster: Cluster

  init(cluster: Cluster) { self.cluster = cluster }

  func add(_ reference: RRID, owner: ProcessID) {
    let (mustSchedule, isFull) = state.withLock { state in
      state.dropped[owner, default: []].append(reference)
      state.count += 1
      defer { state.isScheduled = true }
      return (!state.isScheduled, state.count == Self.limit)
    }
    if mustSchedule { cluster.engine.flushSoon(self) }
    if isFull { flush() }
  }

  func flush() {
    let dropped = state.withLock { state in
      let dropped = state.dropped
      state = State()
      return dropped
    }
    for (owner, references) in dropped {
      if owner == cluster.myid {
        cluster.references.release(references, by: owner)
        continue
      }
      // An owner that has gone keeps nothing.
      guard let link = cluster.openLink(to: owner) else { continue }
      let release = ReleaseReferences(
        whences: references.map(\.whence.rawValue), ids: references.map(\.id), holder: cluster.myid)
      try? cluster.cast(release, Nothing(), over: link)
    }
  }
}

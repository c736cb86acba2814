import Synchronization

/// The functions that workers run when they join, in the order of the calls of `everywhere`.
struct LateFunctions: Sendable {
  struct Entry: Sendable {
    let number: Int
    let run: @Sendable (Cluster, ProcessID) async throws -> Void
  }

  private var entries: [Entry] = []
  private var next = 1

  mutating func add(_ run: @escaping @Sendable (Cluster, ProcessID) async throws -> Void) -> Int {
    entries.append(Entry(number: next, run: run))
    defer { next += 1 }
    return next
  }

  mutating func remove(_ number: Int) -> Entry? {
    entries.firstIndex { $0.number == number }.map { entries.remove(at: $0) }
  }

  /// The first that is later than `number`.
  func first(after number: Int) -> Entry? { entries.first { $0.number > number } }
}

extension Cluster {
  /// Makes a worker that has answered a member, once it has done what `everywhere` has promised for it.
  ///
  /// That nothing is left to do and that it is a member become true at the same moment: a function that comes then finds
  /// it among the processes.
  ///
  /// - Throws: what a function throws on the worker.
  func admit(_ info: PeerInfo, _ config: WorkerConfig?) async throws {
    var last = 0
    while let entry = joinUnlessBehind(info, config, after: last) {
      if last == 0 { try await introduceOthers(to: info.pid) }
      try await entry.run(self, info.pid)
      last = entry.number
    }
  }

  private func joinUnlessBehind(_ info: PeerInfo, _ config: WorkerConfig?, after last: Int) -> LateFunctions.Entry? {
    members.withLock { members in
      let entry = spreading.withLock { $0.late.first(after: last) }
      if entry == nil { members.join(info, config: config) }
      return entry
    }
  }

  /// A function may need what other workers have, before all are told of each other.
  private func introduceOthers(to pid: ProcessID) async throws {
    let others = members.withLock { $0.announcements }
    _ = try await call(MembersChanged(joined: others, left: [], reason: ""), on: pid, Nothing())
  }
}

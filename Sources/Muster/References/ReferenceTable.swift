import Synchronization

/// The values this process keeps for others, by reference, and who holds each.
///
/// Holds are counted per process, and a count may be negative for a while: whoever sends a reference to another process
/// registers that process's hold with the owner, on the connection on which its own release will follow, while the
/// receiver's release comes on another connection and may overtake it. The counts are right once both have arrived, and
/// until then the sender's own hold, or the count that is not zero, keeps the value (docs/decisions/0003-references.md).
final class ReferenceTable: Sendable {
  fileprivate struct Entry: Sendable {
    let promise: ReferencePromise
    var holds: Holds
  }

  fileprivate struct State: Sendable {
    var entries: [RRID: Entry] = [:]
    /// Processes that have gone hold nothing any more, whatever is still on its way about them.
    var gone: Set<ProcessID> = []
  }

  private let state = Mutex(State())

  var count: Int { state.withLock { $0.entries.count } }

  func contains(_ reference: RRID) -> Bool { state.withLock { $0.entries[reference] != nil } }

  /// The processes that hold a reference.
  func holders(of reference: RRID) -> Set<ProcessID> {
    state.withLock { $0.entries[reference]?.holds.holders ?? [] }
  }

  /// The promise for a value that `holder` has asked for and will release.
  func create(_ reference: RRID, holder: ProcessID) -> ReferencePromise {
    state.withLock { state in
      state.change(reference, holder, by: 1)
      return state.entries[reference]!.promise
    }
  }

  /// The promise behind a reference that somebody holds.
  ///
  /// - Throws: `ClusterError` when nobody does.
  func promise(_ reference: RRID) throws(ClusterError) -> ReferencePromise {
    if let promise = state.withLock({ $0.entries[reference]?.promise }) { return promise }
    throw ClusterError(
      .invalidArgument, "nothing is kept under the reference \(reference): everybody who had it has released it")
  }

  func addHold(of reference: RRID, by holder: ProcessID) {
    state.withLock { state in
      if !state.gone.contains(holder) { state.change(reference, holder, by: 1) }
    }
  }

  /// `holder` has one reference less to each of these; what nobody holds is forgotten.
  func release(_ references: [RRID], by holder: ProcessID) {
    state.withLock { state in
      if state.gone.contains(holder) { return }
      for reference in references { state.change(reference, holder, by: -1) }
    }
  }

  /// A process has gone, and with it everything it held.
  func releaseAll(heldBy holder: ProcessID) {
    state.withLock { state in
      state.gone.insert(holder)
      for reference in state.entries.keys {
        state.entries[reference]!.holds.remove(holder)
        if state.entries[reference]!.holds.isEmpty { state.entries[reference] = nil }
      }
    }
  }
}

extension ReferenceTable.State {
  fileprivate mutating func change(_ reference: RRID, _ holder: ProcessID, by change: Int) {
    if let index = entries.index(forKey: reference) {
      entries.values[index].holds.change(holder, by: change)
      if entries.values[index].holds.isEmpty { entries.remove(at: index) }
    } else if change > 0 {
      entries[reference] = .init(promise: ReferencePromise(), holds: Holds(holder, change))
    }
  }
}

/// A value that is kept for others, whatever its type: most code that handles it need not know.
typealias ReferencePromise = Promise<any Sendable>

extension Promise where Value == any Sendable {
  /// Waits for the value.
  ///
  /// - Throws: what is kept in its place; `ClusterError` when it is of another type.
  func value<Wanted: Sendable>(as type: Wanted.Type, of reference: RRID) async throws -> Wanted {
    guard let value = try await wait().get() as? Wanted else {
      throw ClusterError(.invalidArgument, "the reference \(reference) does not hold a \(Wanted.self)")
    }
    return value
  }
}

/// How often each process holds a value; nearly always there is one holder.
struct Holds: Sendable {
  private var first: ProcessID
  private var firstCount: Int
  private var others: [ProcessID: Int] = [:]

  init(_ holder: ProcessID, _ count: Int) {
    first = holder
    firstCount = count
  }

  var isEmpty: Bool { firstCount == 0 && others.isEmpty }

  var holders: Set<ProcessID> { Set(others.keys).union(firstCount == 0 ? [] : [first]) }

  mutating func change(_ holder: ProcessID, by change: Int) {
    if holder == first {
      firstCount += change
    } else {
      let count = others[holder, default: 0] + change
      others[holder] = count == 0 ? nil : count
    }
  }

  mutating func remove(_ holder: ProcessID) {
    if holder == first { firstCount = 0 }
    others[holder] = nil
  }
}

import Synchronization

/// The values this process keeps for others, by reference, and who holds each.
///
/// Holds are counted per process, and a count may be negative for a while: whoever sends a reference to another process
/// registers that process's hold with the owner, on the connection on which its own release will follow, while the
/// receiver's release comes on another connection and may overtake it. The counts are right once both have arrived, and
/// until then the sender's own hold, or the count that is not zero, keeps the value (docs/decisions/0003-references.md).
final class ReferenceTable: Sendable {
  fileprivate struct Entry: Sendable {
    /// A `Promise` of the value's type, once that is known.
    var promise: (any AnyObject & Sendable)?
    var holds: [ProcessID: Int]
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
    state.withLock { Set($0.entries[reference]?.holds.keys.map { $0 } ?? []) }
  }

  /// The promise for a value that `holder` has asked for and will release.
  func create<Value: Sendable>(_ type: Value.Type, for reference: RRID, holder: ProcessID) -> Promise<Value> {
    let promise = Promise<Value>()
    return state.withLock { state in
      if state.entries[reference] == nil {
        state.entries[reference] = Entry(promise: promise, holds: [holder: 1])
        return promise
      }
      state.change(reference, holder, by: 1)
      return state.promise(of: reference) ?? promise
    }
  }

  /// The promise behind a reference that somebody holds.
  ///
  /// - Throws: `ClusterError` when nobody does, or when the value is of another type.
  func promise<Value: Sendable>(_ type: Value.Type, for reference: RRID) throws(ClusterError) -> Promise<Value> {
    let (exists, promise) = state.withLock { state -> (Bool, Promise<Value>?) in
      (state.entries[reference] != nil, state.promise(of: reference))
    }
    if let promise { return promise }
    throw ClusterError(
      .invalidArgument,
      exists
        ? "the reference \(reference) does not hold a \(Value.self)"
        : "nothing is kept under the reference \(reference): everybody who had it has released it")
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
        state.entries[reference]!.holds[holder] = nil
        if state.entries[reference]!.holds.isEmpty { state.entries[reference] = nil }
      }
    }
  }
}

extension ReferenceTable.State {
  fileprivate mutating func change(_ reference: RRID, _ holder: ProcessID, by change: Int) {
    if entries[reference] == nil {
      guard change > 0 else { return }
      entries[reference] = .init(promise: nil, holds: [:])
    }
    let count = entries[reference]!.holds[holder, default: 0] + change
    entries[reference]!.holds[holder] = count == 0 ? nil : count
    if entries[reference]!.holds.isEmpty { entries[reference] = nil }
  }

  /// `nil` when the entry does not exist or is of another type.
  fileprivate mutating func promise<Value: Sendable>(of reference: RRID) -> Promise<Value>? {
    guard let entry = entries[reference] else { return nil }
    if let promise = entry.promise { return promise as? Promise<Value> }
    let promise = Promise<Value>()
    entries[reference]!.promise = promise
    return promise
  }
}

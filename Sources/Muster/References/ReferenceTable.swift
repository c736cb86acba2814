import Synchronization

/// The values this process keeps for others, by reference, and who holds each.
///
/// Whoever sends a reference to another process registers that process's hold with the owner, on the connection on which
/// its own release will follow, while the receiver's release comes on another connection and may overtake it. The counts
/// are right once both have arrived; why they never forget too early: docs/decisions/0003-references.md.
///
/// What is forgotten is given up outside the lock: with it may go references to other values, which are released here.
final class ReferenceTable: Sendable {
  /// What is behind a reference.
  enum Kept: Sendable {
    case promise(ReferencePromise)
    case channel(any KeptChannel)
    case pool(PoolCore)

    fileprivate var name: String {
      switch self {
      case .promise: "a future"
      case .channel: "a channel"
      case .pool: "a pool"
      }
    }
  }

  fileprivate struct Entry: Sendable {
    let kept: Kept
    var holds: Holds
  }

  fileprivate struct State: Sendable {
    var entries = ReferenceMap<Entry>()
    /// What others have said of references of which their makers have not said anything yet.
    var early = ReferenceMap<Holds>()
    /// Processes that have gone hold nothing any more, whatever is still on its way about them.
    var gone: Set<ProcessID> = []
  }

  private let state = Mutex(State())

  /// How many values are kept, or spoken of before they are.
  var count: Int { state.withLock { $0.entries.count + $0.early.count } }

  func contains(_ reference: RRID) -> Bool { state.withLock { $0.entries.find(reference) != nil } }

  /// The processes that hold a reference.
  func holders(of reference: RRID) -> Set<ProcessID> {
    state.withLock { state in state.entries.find(reference).map { state.entries[$0].holds.holders } ?? [] }
  }

  /// The promise for a value that `holder` has asked for and will release.
  func create(_ reference: RRID, holder: ProcessID) -> ReferencePromise {
    let kept = state.withLock { $0.create(reference, holder: holder) { .promise(ReferencePromise()) } }
    // A number is given to one reference; a peer that does otherwise gets nothing for it.
    if case .promise(let promise) = kept { return promise }
    return ReferencePromise()
  }

  /// Keeps a channel for the process that made the reference to it.
  func create(_ reference: RRID, holder: ProcessID, channel: any KeptChannel) {
    _ = state.withLock { $0.create(reference, holder: holder) { .channel(channel) } }
  }

  /// Keeps a pool for the process that made it.
  func create(_ reference: RRID, holder: ProcessID, pool: PoolCore) {
    _ = state.withLock { $0.create(reference, holder: holder) { .pool(pool) } }
  }

  // MARK: What is kept

  /// The promise behind a reference that somebody holds.
  ///
  /// - Throws: `ClusterError` when nobody does.
  func promise(_ reference: RRID) throws(ClusterError) -> ReferencePromise {
    let kept = try existing(reference)
    guard case .promise(let promise) = kept else { throw Self.mismatch(reference, kept, "a future") }
    return promise
  }

  /// The channel behind a reference that somebody holds.
  ///
  /// - Throws: `ClusterError` when nobody does.
  func channel(_ reference: RRID) throws(ClusterError) -> any KeptChannel {
    if let channel = try channelIfKept(reference) { return channel }
    throw Self.nothingKept(reference)
  }

  /// The channel behind a reference, if anything is kept under it.
  func channelIfKept(_ reference: RRID) throws(ClusterError) -> (any KeptChannel)? {
    guard let kept = kept(reference) else { return nil }
    guard case .channel(let channel) = kept else { throw Self.mismatch(reference, kept, "a channel") }
    return channel
  }

  /// The pool behind a reference that somebody holds.
  ///
  /// - Throws: `ClusterError` when nobody does.
  func pool(_ reference: RRID) throws(ClusterError) -> PoolCore {
    let kept = try existing(reference)
    guard case .pool(let pool) = kept else { throw Self.mismatch(reference, kept, "a pool") }
    return pool
  }

  private static func mismatch(_ reference: RRID, _ kept: Kept, _ wanted: String) -> ClusterError {
    ClusterError(.invalidArgument, "the reference \(reference) is \(kept.name), not \(wanted)")
  }

  private func kept(_ reference: RRID) -> Kept? {
    state.withLock { state in
      guard let place = state.entries.find(reference) else { return nil }
      return state.entries[place].kept
    }
  }

  private func existing(_ reference: RRID) throws(ClusterError) -> Kept {
    guard let kept = kept(reference) else { throw Self.nothingKept(reference) }
    return kept
  }

  private static func nothingKept(_ reference: RRID) -> ClusterError {
    ClusterError(
      .invalidArgument, "nothing is kept under the reference \(reference): everybody who had it has released it")
  }

  // MARK: Who holds it

  /// - Parameter registrar: who says so; `nil` for the holder itself.
  func addHold(of reference: RRID, by holder: ProcessID, registrar: ProcessID? = nil) {
    change([reference], holder, registrar: registrar ?? holder, by: 1)
  }

  /// `holder` has one reference less to each of these; what nobody holds is forgotten.
  ///
  /// - Parameter registrar: who had registered the hold; `nil` for the holder itself.
  func release(_ references: [RRID], by holder: ProcessID, registrar: ProcessID? = nil) {
    change(references, holder, registrar: registrar ?? holder, by: -1)
  }

  /// `release` of one.
  func release(_ reference: RRID, by holder: ProcessID, registrar: ProcessID) {
    _ = state.withLock { $0.change(reference, holder, registrar: registrar, by: -1) }
  }

  func change(_ references: some Sequence<RRID>, _ holder: ProcessID, registrar: ProcessID, by change: Int) {
    _ = state.withLock { state in
      references.compactMap { state.change($0, holder, registrar: registrar, by: change) }
    }
  }

  func isGone(_ pid: ProcessID) -> Bool { state.withLock { $0.gone.contains(pid) } }

  /// A process has gone, and with it everything it held; what channels were handing to it goes to others.
  func releaseAll(heldBy holder: ProcessID) {
    let (channels, forgotten) = state.withLock { state -> ([any KeptChannel], [Entry]) in
      state.gone.insert(holder)
      var channels: [any KeptChannel] = []
      _ = state.early.retain { reference, holds in
        holds.remove(holder)
        return reference.whence != holder && !holds.isEmpty
      }
      let forgotten = state.entries.retain { _, entry in
        entry.holds.remove(holder)
        if case .channel(let channel) = entry.kept { channels.append(channel) }
        return !entry.holds.isEmpty
      }
      return (channels, forgotten)
    }
    for channel in channels { channel.lost(holder) }
    withExtendedLifetime(forgotten) {}
  }
}

extension ReferenceTable.State {
  fileprivate mutating func create(
    _ reference: RRID, holder: ProcessID, _ make: () -> ReferenceTable.Kept
  ) -> ReferenceTable.Kept {
    if let place = entries.find(reference) {
      entries[place].holds.change(holder, registrar: holder, by: 1)
      return entries[place].kept
    }
    let kept = make()
    if !gone.contains(holder) { insert(reference, kept) }
    return kept
  }

  /// An entry is made by its maker's word alone, which may come after that of others.
  private mutating func insert(_ reference: RRID, _ kept: ReferenceTable.Kept) {
    var holds = early.find(reference).map { early.remove(at: $0) } ?? Holds(maker: reference.whence)
    holds.change(reference.whence, registrar: reference.whence, by: 1)
    entries.insert(reference, ReferenceTable.Entry(kept: kept, holds: holds))
  }

  /// Returns what nobody holds any more.
  fileprivate mutating func change(
    _ reference: RRID, _ holder: ProcessID, registrar: ProcessID, by change: Int
  ) -> ReferenceTable.Entry? {
    if !gone.isEmpty, gone.contains(holder) { return nil }
    guard let place = entries.find(reference) else {
      if holder == reference.whence, holder == registrar {
        // The maker's is the first that it says of a future made for this process.
        if change > 0 { insert(reference, .promise(ReferencePromise())) }
      } else {
        noteEarly(reference, holder, registrar: registrar, by: change)
      }
      return nil
    }
    if !gone.isEmpty, gone.contains(registrar) {
      // What it registered and has come counts until it is released; nothing else does, or it would for ever.
      guard change < 0, entries[place].holds.count(of: holder, registrar: registrar) > 0 else { return nil }
    }
    entries[place].holds.change(holder, registrar: registrar, by: change)
    return entries[place].holds.isEmpty ? entries.remove(at: place) : nil
  }

  /// What travels on another connection has overtaken the word of the reference's maker. If a process between the two
  /// has gone, its maker's word will not come, or what it had registered is forgotten.
  private mutating func noteEarly(_ reference: RRID, _ holder: ProcessID, registrar: ProcessID, by change: Int) {
    if !gone.isEmpty, gone.contains(registrar) || gone.contains(reference.whence) { return }
    let place = early.find(reference) ?? early.insert(reference, Holds(maker: reference.whence))
    early[place].change(holder, registrar: registrar, by: change)
    if early[place].isEmpty { early.remove(at: place) }
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

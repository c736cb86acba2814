import Synchronization

/// What this process has to tell the owners of references, in order: the holds of those it sends references to, at
/// once, and what it has dropped, many at a time.
///
/// An owner hears everything on one connection and in the order in which it was said here, also when that connection
/// has to be opened first; the whole protocol rests on that (docs/decisions/0003-references.md).
final class ReleaseBatch: Flushable {
  private static let limit = 4096

  fileprivate enum Word: Sendable {
    case holds(HoldChanges)
    /// Makes a channel.
    case creation(EncodedCast)
  }

  /// What one owner is still to hear.
  fileprivate struct Queue: Sendable {
    let owner: ProcessID
    var words: [Word] = []
    var isConnecting = false
    /// The topology lets nothing go there directly: process 1 passes it on, from the first word to the last.
    var isRelayed = false
  }

  fileprivate struct State: Sendable {
    var queues: [Queue] = []
    var indices: [ProcessID: Int] = [:]
    /// Most references a program drops have the owner of the one before.
    var last = 0
    var count = 0
    var isScheduled = false
  }

  private let state = Mutex(State())
  /// Unsafe only in name: set once, while the cluster is being made; and the batch is kept by nobody that outlives it.
  nonisolated(unsafe) private unowned(unsafe) var cluster: Cluster!

  /// To be called by the cluster's initialiser.
  func attach(to cluster: Cluster) { self.cluster = cluster }

  /// This process has dropped a reference.
  ///
  /// - Parameter registrar: who registered its hold; `nil` for itself.
  func add(_ reference: RRID, owner: ProcessID, registrar: ProcessID? = nil) {
    let me = cluster.myid
    if owner == me { return cluster.references.release(reference, by: me, registrar: registrar ?? me) }
    let (mustSchedule, isFull) = state.withLock { state in
      let index = state.index(of: owner)
      state.queues[index].append(reference, holder: me, registrar: registrar ?? me, change: -1)
      state.count += 1
      defer { state.isScheduled = true }
      return (!state.isScheduled, state.count == Self.limit)
    }
    if mustSchedule { cluster.engine.flushSoon(self) }
    if isFull { flush() }
  }

  /// `add` from wherever locks may be held: giving up a value of this process runs what its type's `deinit` does.
  func addSoon(_ references: [(id: RRID, owner: ProcessID)], registrar: ProcessID) {
    cluster.engine.flushSoon(Dropped(references: references, registrar: registrar, batch: self))
  }

  private final class Dropped: Flushable {
    private let references: [(id: RRID, owner: ProcessID)]
    private let registrar: ProcessID
    private let batch: ReleaseBatch

    init(references: [(id: RRID, owner: ProcessID)], registrar: ProcessID, batch: ReleaseBatch) {
      self.references = references
      self.registrar = registrar
      self.batch = batch
    }

    func flush() {
      for (id, owner) in references { batch.add(id, owner: owner, registrar: registrar) }
    }
  }

  /// Registers, or takes back, the hold of a process to which this one sends references. The owners hear of it before
  /// anything that is sent to them from now on.
  func register(_ references: some Sequence<(owner: ProcessID, id: RRID)>, for holder: ProcessID, change: Int = 1) {
    let me = cluster.myid
    for reference in references where reference.owner == me {
      cluster.references.change(CollectionOfOne(reference.id), holder, registrar: me, by: change)
    }
    let sent = state.withLock { state in
      var owners: Set<ProcessID> = []
      for reference in references where reference.owner != me {
        state.queues[state.index(of: reference.owner)].append(
          reference.id, holder: holder, registrar: me, change: change)
        owners.insert(reference.owner)
      }
      return owners.flatMap { send(&state.queues[state.index(of: $0)]) }
    }
    withExtendedLifetime(sent) {}
  }

  /// Has the owner make a channel.
  ///
  /// - Parameter encode: encodes the word for its receiver: here and now, as what makes the channel is the user's, and may
  ///   hold references itself.
  func create(on owner: ProcessID, _ encode: (_ receiver: ProcessID) throws -> EncodedCast) {
    let isRelayed = state.withLock { state in
      let index = state.index(of: owner)
      if !cluster.members.withLock({ $0.mayConnect(to: owner) }) { state.queues[index].isRelayed = true }
      return state.queues[index].isRelayed
    }
    do {
      let creation = try encode(isRelayed ? 1 : owner)
      register(creation.references, for: isRelayed ? 1 : owner)
      say(.creation(creation), to: owner)
    } catch {
      cluster.report("process \(owner) cannot be told to make a channel: \(error)")
    }
  }

  /// Passes on what a process that has no connection to the owner had to say.
  func relay(_ changes: HoldChanges, to owner: ProcessID) { say(.holds(changes), to: owner) }

  private func say(_ word: Word, to owner: ProcessID) {
    let sent = state.withLock { state in
      let index = state.index(of: owner)
      state.queues[index].words.append(word)
      return send(&state.queues[index])
    }
    withExtendedLifetime(sent) {}
  }

  func flush() {
    let sent = state.withLock { state in
      state.count = 0
      state.isScheduled = false
      var sent: [EncodedCast] = []
      for index in state.queues.indices where !state.queues[index].words.isEmpty {
        sent += send(&state.queues[index])
      }
      return sent
    }
    withExtendedLifetime(sent) {}
  }

  /// Sends with the lock held: nothing may overtake.
  ///
  /// - Returns: what is to be dropped outside of the lock, as with it go a user's values.
  private func send(_ queue: inout Queue) -> [EncodedCast] {
    guard !queue.words.isEmpty else { return [] }
    guard let link = cluster.openLink(to: queue.isRelayed ? 1 : queue.owner) else {
      connect(&queue)
      return []
    }
    let creations = queue.creations
    for word in queue.words {
      do {
        switch word {
        case .holds(let changes):
          try cluster.cast(ChangeHolds(owner: queue.owner, changes: changes), Nothing(), over: link)
        case .creation(let creation): try link.enqueue(creation.writer, function: creation.function, isAwaited: false)
        }
      } catch is ProcessExitedError {
        // It keeps nothing.
      } catch {
        cluster.report("process \(queue.owner) cannot be told of a reference: \(error)")
      }
    }
    queue.words.removeAll(keepingCapacity: true)
    return creations
  }

  /// This process has heard of the owner, but never talked to it.
  private func connect(_ queue: inout Queue) {
    guard !queue.isConnecting else { return }
    queue.isConnecting = true
    let owner = queue.owner
    cluster.task { [self] in
      var failure: (any Error)?
      do { _ = try await cluster.link(to: owner) } catch { failure = error }
      if let failure {
        let isRelayed = (failure as? ClusterError)?.code == .notConnected && cluster.myid != 1
        redirect(owner, isRelayed: isRelayed)
      }
      let sent = state.withLock { state in
        let index = state.index(of: owner)
        state.queues[index].isConnecting = false
        return send(&state.queues[index])
      }
      withExtendedLifetime(sent) {}
    }
  }

  /// Nothing can be said to an owner directly: process 1 passes it on, or nobody hears of it.
  private func redirect(_ owner: ProcessID, isRelayed: Bool) {
    let (creations, dropped) = state.withLock { state in
      let index = state.index(of: owner)
      let wasRelayed = state.queues[index].isRelayed
      state.queues[index].isRelayed = isRelayed
      let creations = wasRelayed ? [] : state.queues[index].creations
      guard !isRelayed else { return (creations, []) }
      defer { state.queues[index].words = [] }
      return (creations, state.queues[index].words)
    }
    // The references in them go to process 1 now, and not to the owner.
    for creation in creations {
      if isRelayed { register(creation.references, for: 1) }
      register(creation.references, for: owner, change: -1)
    }
    withExtendedLifetime(dropped) {}
  }
}

extension ReleaseBatch.State {
  fileprivate mutating func index(of owner: ProcessID) -> Int {
    if last < queues.count, queues[last].owner == owner { return last }
    if let index = indices[owner] {
      last = index
    } else {
      last = queues.count
      indices[owner] = last
      queues.append(ReleaseBatch.Queue(owner: owner))
    }
    return last
  }
}

extension ReleaseBatch.Queue {
  fileprivate var creations: [EncodedCast] {
    words.compactMap { if case .creation(let creation) = $0 { creation } else { nil } }
  }

  /// Continues the latest change if it is one of the same kind.
  fileprivate mutating func append(_ id: RRID, holder: ProcessID, registrar: ProcessID, change: Int) {
    if case .holds(var changes)? = words.last, changes.continues(with: id, holder, registrar, change) {
      // Taken out, so that the array of numbers has one owner and is not copied.
      words.removeLast()
      changes.ids.append(id.id)
      words.append(.holds(changes))
    } else {
      words.append(
        .holds(HoldChanges(holder: holder, registrar: registrar, change: change, whence: id.whence, ids: [id.id])))
    }
  }
}

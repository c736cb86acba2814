import Synchronization

/// A pool as a process sees it: its own, or one that another process keeps and is asked for.
final class PoolHandle: Sendable {
  /// What names a pool for other processes.
  private struct Reference: Sendable {
    let owner: ProcessID
    let id: RRID
    /// Who registered this process's hold with the owner; `nil` for itself.
    let registrar: ProcessID?
  }

  let cluster: Cluster
  /// The pool itself, in the process that owns it.
  let core: PoolCore?
  /// A pool of this process has one once it is sent.
  private let reference: Mutex<Reference?>

  /// A pool of this process.
  ///
  /// - Parameter isRegistered: it hears of processes that have gone.
  init(_ core: PoolCore, in cluster: Cluster, isRegistered: Bool = true) {
    self.cluster = cluster
    self.core = core
    reference = Mutex(nil)
    if isRegistered { cluster.pools.withLock { $0.add(core) } }
  }

  /// One that was received; its hold has been registered.
  private init(cluster: Cluster, reference: Reference?) {
    self.cluster = cluster
    core = reference.flatMap { $0.owner == cluster.myid ? try? cluster.references.pool($0.id) : nil }
    self.reference = Mutex(reference)
  }

  deinit {
    guard let reference = reference.withLock({ $0 }) else { return }
    cluster.releases.add(reference.id, owner: reference.owner, registrar: reference.registrar)
  }

  // MARK: Workers

  func push(_ pid: ProcessID) async throws {
    if let core { return core.push(pid) }
    _ = try await ask(PushWorker(pool: try asked().id), pid)
  }

  /// Returns at once. What this process says to the owner afterwards comes later.
  func put(_ pid: ProcessID) {
    if let core { return core.put(pid) }
    guard let (owner, id) = try? asked() else { return }
    // An owner that has gone has no pool any more.
    if let link = cluster.openLink(to: owner) {
      try? cluster.cast(PutWorker(pool: id), pid, over: link)
    } else {
      cluster.task { [self] in try? await cluster.cast(PutWorker(pool: id), on: owner, pid) }
    }
  }

  // MARK: Those who want one

  func request(takes: Bool) async throws -> ProcessID {
    let receipt = cluster.nextReceipt()
    if let core { return try await core.request(receipt, takes: takes) }
    let (owner, id) = try asked()
    let link = try await cluster.link(to: owner)
    do {
      return try await ask(RequestWorker(pool: id, receipt: receipt, takes: takes), Nothing())
    } catch {
      // A worker may be on its way here.
      try? cluster.cast(CancelRequest(pool: id, receipt: receipt), Nothing(), over: link)
      throw error
    }
  }

  func takeIfFree() async throws -> ProcessID? {
    let receipt = cluster.nextReceipt()
    if let core { return core.takeIfFree(receipt) }
    let (owner, id) = try asked()
    let link = try await cluster.link(to: owner)
    do {
      return try await ask(TakeFreeWorker(pool: id, receipt: receipt), Nothing())
    } catch {
      try? cluster.cast(CancelRequest(pool: id, receipt: receipt), Nothing(), over: link)
      throw error
    }
  }

  var status: PoolStatus {
    get async throws {
      if let core { return PoolStatus(core) }
      return try await ask(AskPool(pool: try asked().id), Nothing())
    }
  }

  // MARK: The owner

  private func asked() throws -> (owner: ProcessID, id: RRID) {
    guard let reference = reference.withLock({ $0 }) else {
      throw ClusterError(
        .invalidArgument, "this pool was not received from a process of the cluster: nothing is behind it")
    }
    return (reference.owner, reference.id)
  }

  /// Muster's errors are the same whether the pool is here or elsewhere.
  private func ask<F: RemoteFunction>(_ function: F, _ input: F.Input) async throws -> F.Output {
    do {
      return try await cluster.call(function, on: try asked().owner, input)
    } catch let error as RemoteError {
      throw error.underlying as? ClusterError ?? error
    }
  }

  // MARK: Travelling

  private enum CodingKeys: String, CodingKey { case owner, reference }

  /// Outside the cluster's own messages only an empty reference is written.
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    guard let outgoing = encoder.userInfo[.outgoingReferences] as? OutgoingReferences, let reference = share() else {
      try container.encode(0, forKey: .owner)
      return
    }
    try container.encode(outgoing.add(reference.id, owner: reference.owner, keeping: self), forKey: .reference)
  }

  static func decode(from decoder: any Decoder) throws -> PoolHandle {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let cluster = Cluster.current
    guard let place = try container.decodeIfPresent(Int.self, forKey: .reference),
      let received = decoder.userInfo[.receivedReferences] as? ReceivedReferences
    else { return PoolHandle(cluster: cluster, reference: nil) }
    return try received.core(at: place) { owner, id, registrar in
      PoolHandle(cluster: cluster, reference: Reference(owner: owner, id: id, registrar: registrar))
    }
  }

  /// The name of the pool; from the first time on the owner keeps the pool for as long as any process has it.
  private func share() -> Reference? {
    reference.withLock { reference in
      if reference == nil, let core {
        let new = Reference(owner: cluster.myid, id: cluster.nextReference(), registrar: nil)
        cluster.references.create(new.id, holder: new.owner, pool: core)
        reference = new
      }
      return reference
    }
  }
}

import Synchronization

/// A pool whose workers keep what functions captured, for as long as the pool is there: large data crosses once to each
/// worker, in however many calls it is used.
///
///     let pool = CachingPool(workers())
///     let table = Lookup(table: bigArray)
///     let first = try await pmap(table, 1...100, on: pool)
///     let second = try await pmap(table, 1...100, on: pool)    // nothing of the array is sent
///     try await clear(pool)
///
/// Any pool does that for the few function values that were used last; this one keeps them until `clear`, or until no
/// process has it any more. What was captured is recognised by its content: changed content is sent again.
// @unchecked: a subclass has to say it, too; its property is constant and Sendable.
public final class CachingPool: WorkerPool, @unchecked Sendable {
  let cache: FunctionCache

  /// A pool of these workers, all of them free.
  public convenience init(_ pids: some Sequence<ProcessID>) {
    let cluster = Cluster.current
    let cache = FunctionCache(id: cluster.nextReference())
    let core = PoolCore(Array(pids)) { [id = cache.id] members in
      cluster.task { await cluster.clearFunctions(of: id, on: members, forGood: true) }
    }
    self.init(PoolHandle(core, in: cluster), cache)
  }

  private init(_ handle: PoolHandle, _ cache: FunctionCache) {
    self.cache = cache
    super.init(handle)
  }

  /// How many function values this process has had the workers of the pool keep, counted once for each worker.
  public var cacheCount: Int {
    let members = handle.cluster.members.withLock { $0.procs }
    return cache.count { members.contains($0) }
  }

  // MARK: Codable

  private enum CodingKeys: String, CodingKey { case cache }

  public required init(from decoder: any Decoder) throws {
    cache = FunctionCache(id: try decoder.container(keyedBy: CodingKeys.self).decode(RRID.self, forKey: .cache))
    try super.init(from: decoder)
  }

  public override func encode(to encoder: any Encoder) throws {
    try super.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(cache.id, forKey: .cache)
  }
}

/// Has the workers of a pool forget the functions they keep for it: Julia's `clear!`. The pool goes on to be usable.
///
/// - Throws: `ProcessExitedError` when the process that owns the pool has gone.
public func clear(_ pool: CachingPool) async throws {
  pool.cache.removeAll()
  await pool.handle.cluster.clearFunctions(of: pool.cache.id, on: try await pool.workers, forGood: false)
}

/// What a process knows of the function values that workers keep for a pool.
final class FunctionCache: Sendable {
  private struct Place: Hashable, Sendable {
    let pid: ProcessID
    let name: FunctionName
  }

  /// The same in all processes.
  let id: RRID
  private let places = Mutex<Set<Place>>([])

  init(id: RRID) { self.id = id }

  func add(_ name: FunctionName, at pid: ProcessID) {
    places.withLock { _ = $0.insert(Place(pid: pid, name: name)) }
  }

  func removeAll() { places.withLock { $0 = [] } }

  func count(where isThere: (ProcessID) -> Bool) -> Int {
    places.withLock { places in places.count { isThere($0.pid) } }
  }
}

/// Which function values are kept, and which of them go when there are too many; a plain value.
struct FunctionShelf: Sendable {
  struct Limits: Sendable {
    let count: Int
    let byteCount: Int
  }

  private struct Entry: Sendable {
    let function: any Sendable
    let byteCount: Int
    var lastUse: UInt64
  }

  private let limits: Limits
  private var entries: [FunctionKey: Entry] = [:]
  /// Of those that no pool asked for.
  private var byteCount = 0
  private var transientCount = 0
  private var uses: UInt64 = 0
  /// Pools that have ended.
  private var endedCaches: Set<RRID> = []

  init(limits: Limits) { self.limits = limits }

  var count: Int { entries.count }

  mutating func find(_ key: FunctionKey) -> (any Sendable)? {
    guard let index = entries.index(forKey: key) else { return nil }
    uses += 1
    entries.values[index].lastUse = uses
    return entries.values[index].function
  }

  /// Keeps a function. Returns what has to go for it: what was used least recently. The latest stays, however large.
  mutating func insert(_ function: any Sendable, byteCount: Int, _ key: FunctionKey) -> [any Sendable] {
    if let cache = key.cache, endedCaches.contains(cache) { return [] }
    guard entries[key] == nil else { return [] }
    uses += 1
    entries[key] = Entry(function: function, byteCount: byteCount, lastUse: uses)
    guard key.cache == nil else { return [] }
    transientCount += 1
    self.byteCount += byteCount
    var dropped: [any Sendable] = []
    while transientCount > 1, transientCount > limits.count || self.byteCount > limits.byteCount {
      dropped.append(dropOldest())
    }
    return dropped
  }

  private mutating func dropOldest() -> any Sendable {
    let oldest = entries.filter { $0.key.cache == nil }.min { $0.value.lastUse < $1.value.lastUse }!
    entries[oldest.key] = nil
    transientCount -= 1
    byteCount -= oldest.value.byteCount
    return oldest.value.function
  }

  /// Forgets what pools asked for, and returns it.
  ///
  /// - Parameter ended: a pool for which nothing is to be kept any more.
  mutating func clear(forGood ended: RRID? = nil, where isMeant: (RRID) -> Bool) -> [any Sendable] {
    if let ended { endedCaches.insert(ended) }
    let meant = entries.keys.filter { key in key.cache.map(isMeant) ?? false }
    return meant.compactMap { entries.removeValue(forKey: $0)?.function }
  }
}

import Synchronization

/// A function value that workers may ask this process for, as long as this object lives. Calls only name it.
final class FunctionOffer<F: RemoteFunction>: Sendable {
  /// Smaller ones travel with every call: they cost less than a name that has to be looked up.
  private static var threshold: Int { 1024 }

  /// What is to be called in place of the function.
  let call: CachedCall<F>
  private let cluster: Cluster

  /// Encodes the function once, to see whether it is large enough to be worth it.
  ///
  /// - Parameter pool: if that is a `CachingPool` its workers keep the function for it.
  /// - Returns: nil if it is not.
  init?(_ function: F, for pool: any AbstractWorkerPool, in cluster: Cluster) {
    guard MemoryLayout<F>.size > 0, !(pool is LocalPool),
      let type = _mangledTypeName(F.self), (try? cluster.functions.entry(of: F.self)) != nil,
      let content = FunctionContent(of: function), content.byteCount >= Self.threshold,
      let name = try? FunctionName(of: type, content, cluster.contentHash)
    else { return nil }
    let cache = (pool as? CachingPool)?.cache
    let key = FunctionKey(name: name, cache: cache?.id)
    self.cluster = cluster
    call = CachedCall(key: key, source: cluster.myid)
    cluster.offeredFunctions.add(key, OfferedFunctions.Offer(function: function, content: content, cache: cache))
  }

  deinit { cluster.offeredFunctions.remove(call.key) }
}

/// Which function value, and for which `CachingPool` it is kept, if for one.
struct FunctionKey: Hashable, Codable, Sendable {
  let name: FunctionName
  let cache: RRID?
}

/// What workers may ask this process for.
final class OfferedFunctions: Sendable {
  struct Offer: Sendable {
    let function: any Sendable
    let content: FunctionContent
    let cache: FunctionCache?
  }

  /// The same function may be offered several times at once.
  private let offers = Mutex<[FunctionKey: (offer: Offer, count: Int)]>([:])

  subscript(_ key: FunctionKey) -> Offer? { offers.withLock { $0[key]?.offer } }

  fileprivate func add(_ key: FunctionKey, _ offer: Offer) {
    offers.withLock { $0[key, default: (offer, 0)].count += 1 }
  }

  fileprivate func remove(_ key: FunctionKey) {
    let dropped = offers.withLock { offers -> Offer? in
      offers[key]?.count -= 1
      return offers[key]?.count == 0 ? offers.removeValue(forKey: key)?.offer : nil
    }
    // Outside of the lock: with it goes what the function has captured.
    withExtendedLifetime(dropped) {}
  }
}

extension Cluster {
  var contentHash: ContentHash { ContentHash(launching.withLock { $0.cookie }) }
}

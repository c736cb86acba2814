import Synchronization

/// The function values of others that this process keeps, so that they need not be sent again.
final class StoredFunctions: Sendable {
  /// How much is kept that no `CachingPool` asked for.
  static let limits = FunctionShelf.Limits(count: 32, byteCount: 256 << 20)

  private struct Arrival: Hashable, Sendable {
    let key: FunctionKey
    let source: ProcessID
  }

  private struct State: Sendable {
    var shelf = FunctionShelf(limits: limits)
    /// Functions that have been asked for.
    var arrivals: [Arrival: Promise<any Sendable>] = [:]
  }

  private let state = Mutex(State())

  var count: Int { state.withLock { $0.shelf.count } }

  func find(_ key: FunctionKey) -> (any Sendable)? { state.withLock { $0.shelf.find(key) } }

  /// Where a function will be, and whether it has still to be asked for.
  func arrival(of key: FunctionKey, from source: ProcessID) -> (promise: Promise<any Sendable>, isNew: Bool) {
    let arrival = Arrival(key: key, source: source)
    return state.withLock { state in
      // It may have arrived since it was looked for.
      if let function = state.shelf.find(key) { return (Promise(.success(function)), false) }
      if let promise = state.arrivals[arrival] { return (promise, false) }
      let promise = Promise<any Sendable>()
      state.arrivals[arrival] = promise
      return (promise, true)
    }
  }

  /// - Parameter result: the function and the size of its content, in bytes.
  func arrived(_ key: FunctionKey, from source: ProcessID, _ result: Result<(any Sendable, Int), any Error>) {
    let (promise, dropped) = state.withLock { state -> (Promise<any Sendable>?, [any Sendable]) in
      var dropped: [any Sendable] = []
      if case .success(let (function, byteCount)) = result {
        dropped = state.shelf.insert(function, byteCount: byteCount, key)
      }
      return (state.arrivals.removeValue(forKey: Arrival(key: key, source: source)), dropped)
    }
    promise?.fulfil(result.map(\.0))
    // Outside of the lock: with them goes what they have captured.
    withExtendedLifetime(dropped) {}
  }

  /// Forgets what is kept for a pool.
  func clear(_ cache: RRID, forGood: Bool) {
    let dropped = state.withLock { $0.shelf.clear(forGood: forGood ? cache : nil) { $0 == cache } }
    withExtendedLifetime(dropped) {}
  }

  /// A process has gone, and with it the pools that it made.
  func forget(cachesOf pid: ProcessID) {
    let dropped = state.withLock { $0.shelf.clear { $0.whence == pid } }
    withExtendedLifetime(dropped) {}
  }
}

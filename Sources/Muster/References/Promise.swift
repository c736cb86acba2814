import Synchronization

/// A value that will be there, once; tasks of this process wait for it.
final class Promise<Value: Sendable>: Sendable {
  private enum State {
    case empty(waiters: [UInt64: UnsafeContinuation<Void, Never>], nextWaiter: UInt64)
    case full(Result<Value, any Error>)
  }

  private let state: Mutex<State>

  init() { state = Mutex(.empty(waiters: [:], nextWaiter: 0)) }

  init(_ result: Result<Value, any Error>) { state = Mutex(.full(result)) }

  var result: Result<Value, any Error>? {
    state.withLock { state in
      if case .full(let result) = state { return result }
      return nil
    }
  }

  /// Gives it its value. Returns false if it has one.
  @discardableResult
  func fulfil(_ result: Result<Value, any Error>) -> Bool {
    let waiters = state.withLock { state -> [UnsafeContinuation<Void, Never>]? in
      guard case .empty(let waiters, _) = state else { return nil }
      state = .full(result)
      return Array(waiters.values)
    }
    guard let waiters else { return false }
    for waiter in waiters { waiter.resume() }
    return true
  }

  /// Waits until it is there.
  ///
  /// - Throws: `CancellationError` when the waiting task is cancelled first.
  func wait() async throws -> Result<Value, any Error> {
    if let result { return result }
    let number = state.withLock { state -> UInt64 in
      guard case .empty(let waiters, let next) = state else { return 0 }
      state = .empty(waiters: waiters, nextWaiter: next + 1)
      return next
    }
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let isWaiting = state.withLock { state in
          guard case .empty(var waiters, let next) = state, !Task.isCancelled else { return false }
          waiters[number] = continuation
          state = .empty(waiters: waiters, nextWaiter: next)
          return true
        }
        if !isWaiting { continuation.resume() }
      }
    } onCancel: {
      let waiter = state.withLock { state -> UnsafeContinuation<Void, Never>? in
        guard case .empty(var waiters, let next) = state else { return nil }
        let waiter = waiters.removeValue(forKey: number)
        state = .empty(waiters: waiters, nextWaiter: next)
        return waiter
      }
      waiter?.resume()
    }
    if let result { return result }
    throw CancellationError()
  }
}

extension Promise {
  /// Its value, if it comes within this time.
  func value(within duration: Duration, _ engine: Engine) async -> Value? {
    if let result { return try? result.get() }
    let either = Promise<Value?>()
    let timer = engine.schedule(after: duration) { either.fulfil(.success(nil)) }
    let waiter = Task(executorPreference: engine) { [self] in
      if let value = try? await wait().get() { either.fulfil(.success(value)) }
    }
    defer {
      engine.cancel(timer)
      waiter.cancel()
    }
    return (try? await either.wait().get()) ?? nil
  }
}

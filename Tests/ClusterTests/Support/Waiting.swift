import Synchronization
import Testing

/// Something took longer than any sound implementation on any machine would need.
struct TookTooLong: Error, CustomStringConvertible {
  let what: String
  let limit: Duration
  var description: String { "\(what) took longer than \(limit)" }
}

/// Looks again and again until a condition holds; records an issue when it does not within the limit.
@discardableResult
func eventually(
  within limit: Duration = .seconds(20), _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () async throws -> Bool
) async rethrows -> Bool {
  let deadline = ContinuousClock.now + limit
  while true {
    if try await condition() { return true }
    guard ContinuousClock.now < deadline else {
      Issue.record("not within \(limit): \(what)", sourceLocation: sourceLocation)
      return false
    }
    try? await Task.sleep(for: .milliseconds(5))
  }
}

/// Runs `body`, and gives it up (it goes on unattended) when it takes longer than the limit: a hang must not hang the
/// tests.
func within<Value: Sendable>(
  _ limit: Duration, _ what: String, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
  let outcome = OnceOnly<Result<Value, any Error>>()
  let work = Task {
    do { outcome.give(.success(try await body())) } catch { outcome.give(.failure(error)) }
  }
  let timer = Task {
    try await Task.sleep(for: limit)
    outcome.give(.failure(TookTooLong(what: what, limit: limit)))
    work.cancel()
  }
  defer { timer.cancel() }
  return try await outcome.value.get()
}

/// A value that several try to give, for one that waits.
final class OnceOnly<Value: Sendable>: Sendable {
  private let state = Mutex<(value: Value?, waiter: CheckedContinuation<Value, Never>?)>((nil, nil))

  func give(_ value: Value) {
    let waiter = state.withLock { state -> CheckedContinuation<Value, Never>? in
      guard state.value == nil else { return nil }
      state.value = value
      return state.waiter.take()
    }
    waiter?.resume(returning: value)
  }

  var value: Value {
    get async {
      await withCheckedContinuation { continuation in
        let value = state.withLock { state -> Value? in
          if state.value == nil { state.waiter = continuation }
          return state.value
        }
        if let value { continuation.resume(returning: value) }
      }
    }
  }
}

/// The error that `body` throws; records an issue when it throws none, or one of another type.
@discardableResult
func thrown<E: Error>(
  _ type: E.Type, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> some Any
) async -> E? {
  do {
    let value = try await body()
    Issue.record("returned \(value), and should have thrown a \(type)", sourceLocation: sourceLocation)
  } catch let error as E {
    return error
  } catch {
    Issue.record(
      "threw \(Swift.type(of: error)): \(error), and should have thrown a \(type)", sourceLocation: sourceLocation)
  }
  return nil
}

/// How failures of items are dealt with.
struct FailurePolicy<Output: Sendable>: Sendable {
  var onError: (@Sendable (any Error) async throws -> Output)?
  var retryDelays: [Duration]
  var retryCheck: (@Sendable (any Error) -> Bool)?

  enum Decision: Sendable {
    case value(Output)
    case retry(after: Duration)
    case fail(any Error)
  }

  /// What becomes of an item whose `attempt`-th attempt (counted from 0) failed with `error`.
  ///
  /// `onError` hears it first; if it returns, that is the item's value. If it throws or there is none, `retryCheck` and
  /// the delays decide.
  func decide(_ error: any Error, attempt: Int) async -> Decision {
    var error = error
    if let onError {
      do { return .value(try await onError(error)) } catch let thrown { error = thrown }
    }
    guard attempt < retryDelays.count, retryCheck?(error) ?? true else { return .fail(error) }
    return .retry(after: retryDelays[attempt])
  }
}

/// Delays that grow by a factor from one attempt to the next, with random jitter: Julia's `ExponentialBackOff`.
public struct ExponentialBackoff: Sequence, Sendable {
  /// How many delays.
  public var n: Int
  /// The first of them.
  public var firstDelay: Duration
  /// None is longer.
  public var maxDelay: Duration
  /// What each is multiplied by for the next.
  public var factor: Double
  /// Each delay is multiplied by a random number between 1 and 1 + jitter.
  public var jitter: Double

  public init(
    n: Int = 1, firstDelay: Duration = .milliseconds(50), maxDelay: Duration = .seconds(10), factor: Double = 5,
    jitter: Double = 0.1
  ) {
    self.n = n
    self.firstDelay = firstDelay
    self.maxDelay = maxDelay
    self.factor = factor
    self.jitter = jitter
  }

  public func makeIterator() -> AnyIterator<Duration> {
    var left = n
    var next = firstDelay
    return AnyIterator {
      guard left > 0 else { return nil }
      left -= 1
      defer { next = Swift.min(next * factor * Double.random(in: 1...(1 + Swift.max(0, jitter))), maxDelay) }
      return Swift.min(next, maxDelay)
    }
  }
}

/// Runs `body`, and again after each of the delays while it fails: Julia's `retry`.
///
/// - Parameters:
///   - delays: how long to wait before each further attempt.
///   - check: whether an error is worth another attempt; every one is if there is no check.
///   - body: what to run.
/// - Throws: the last error; `CancellationError` when cancelled while waiting.
public func retry<T: Sendable>(
  delays: some Sequence<Duration> & Sendable = ExponentialBackoff(),
  check: (@Sendable (any Error) -> Bool)? = nil,
  _ body: @Sendable () async throws -> T
) async throws -> T {
  var iterator = delays.makeIterator()
  while true {
    do {
      return try await body()
    } catch {
      guard check?(error) ?? true, let delay = iterator.next() else { throw error }
      try await Task.sleep(for: delay)
    }
  }
}

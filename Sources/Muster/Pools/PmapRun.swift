import DequeModule
import Synchronization

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

/// Items that go to a worker in one message, and how often they have.
struct WorkUnit: Sendable {
  let positions: Range<Int>
  var attempt = 0
}

/// The state of one `pmap`: what is still to be done, and what has come back.
final class PmapRun<Input: Sendable, Output: Sendable>: Sendable {
  private struct State: Sendable {
    var queue: Deque<WorkUnit>
    /// Items without a result.
    var open: Int
    var results: [Result<Output, any Error>?]
    var failure: (any Error)?
    /// The feeder waits for work, or for the end.
    var waiter: UnsafeContinuation<Void, Never>?
  }

  let inputs: [Input]
  private let policy: FailurePolicy<Output>
  private let keepsFailures: Bool
  private let progress: ProgressMeter
  private let state: Mutex<State>

  /// - Parameter keepsFailures: an item that fails for good has its error as its result, and the others go on.
  init(inputs: [Input], batchSize: Int, policy: FailurePolicy<Output>, keepsFailures: Bool, progress: ProgressMeter) {
    self.inputs = inputs
    self.policy = policy
    self.keepsFailures = keepsFailures
    self.progress = progress
    let units = stride(from: 0, to: inputs.count, by: batchSize).map {
      WorkUnit(positions: $0..<min($0 + batchSize, inputs.count))
    }
    state = Mutex(
      State(queue: Deque(units), open: inputs.count, results: Array(repeating: nil, count: inputs.count)))
  }

  /// The next items to send, if there are any.
  func take() -> WorkUnit? { state.withLock { $0.failure == nil ? $0.queue.popFirst() : nil } }

  var hasWork: Bool { state.withLock { $0.failure == nil && !$0.queue.isEmpty } }

  /// Waits until there is something to send; false when everything is done or the map has failed.
  func waitForWork() async -> Bool {
    while true {
      let answer = state.withLock { state -> Bool? in
        if state.failure != nil || state.open == 0 { return false }
        return state.queue.isEmpty ? nil : true
      }
      if let answer { return answer }
      await withUnsafeContinuation { continuation in
        let mustWait = state.withLock { state in
          guard state.failure == nil, state.open > 0, state.queue.isEmpty else { return false }
          state.waiter = continuation
          return true
        }
        if !mustWait { continuation.resume() }
      }
    }
  }

  /// The results of a unit have come.
  func finish(_ unit: WorkUnit, with results: [Result<Output, any Error>]) async {
    var succeeded = 0
    state.withLock { state in
      for (position, result) in zip(unit.positions, results) {
        guard case .success = result, state.results[position] == nil else { continue }
        state.results[position] = result
        state.open -= 1
        succeeded += 1
      }
    }
    progress.advance(succeeded: succeeded)
    for (position, result) in zip(unit.positions, results) {
      if case .failure(let error) = result {
        await settle(WorkUnit(positions: position..<(position + 1), attempt: unit.attempt), error)
      }
    }
    wakeFeeder()
  }

  /// A unit was lost as a whole: it is retried as a whole, unless its items get values.
  func fail(_ unit: WorkUnit, with error: any Error) async {
    guard unit.positions.count > 1, policy.onError == nil else {
      for position in unit.positions {
        await settle(WorkUnit(positions: position..<(position + 1), attempt: unit.attempt), error)
      }
      return wakeFeeder()
    }
    await settle(unit, error)
    wakeFeeder()
  }

  /// Ends everything with an error.
  func abort(_ error: any Error) {
    state.withLock { if $0.failure == nil { $0.failure = error } }
    wakeFeeder()
  }

  func outcome() throws -> [Result<Output, any Error>] {
    try state.withLock { state in
      if let failure = state.failure { throw failure }
      return state.results.map { $0! }
    }
  }

  var isOver: Bool { state.withLock { $0.failure != nil || $0.open == 0 } }

  private func settle(_ unit: WorkUnit, _ error: any Error) async {
    switch await policy.decide(error, attempt: unit.attempt) {
    case .value(let value):
      record(.success(value), for: unit)
      progress.advance(succeeded: unit.positions.count)
    case .retry(let delay):
      var next = unit
      next.attempt += 1
      progress.retried(unit.positions.count)
      Cluster.current.engine.schedule(after: delay) { [self, next] in
        state.withLock { $0.queue.append(next) }
        wakeFeeder()
      }
    case .fail(let error):
      progress.advance(failed: unit.positions.count)
      if keepsFailures { record(.failure(error), for: unit) } else { abort(error) }
    }
  }

  private func record(_ result: Result<Output, any Error>, for unit: WorkUnit) {
    state.withLock { state in
      for position in unit.positions where state.results[position] == nil {
        state.results[position] = result
        state.open -= 1
      }
    }
  }

  private func wakeFeeder() {
    let waiter = state.withLock { state -> UnsafeContinuation<Void, Never>? in
      guard state.failure != nil || state.open == 0 || !state.queue.isEmpty else { return nil }
      return state.waiter.take()
    }
    waiter?.resume()
  }
}

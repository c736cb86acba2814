import DequeModule
import Synchronization

/// Items that go to a worker in one message, and how often they have.
struct WorkUnit: Sendable {
  let positions: Range<Int>
  var attempt = 0
}

/// The state of one map: what is still to be done, and what becomes of failures.
///
/// Where the items come from and where the results go is said by a subclass. The methods called for every item use no
/// type that is made of `Output` (no optional, tuple or result of it): looking up its metadata took longer than the rest.
// @unchecked: immutable but for what is behind the Mutex; subclasses say it for themselves.
class PmapRun<Input: Sendable, Output: Sendable>: @unchecked Sendable {
  struct State: Sendable {
    var retries = Deque<WorkUnit>()
    /// The position of the next new item.
    var next = 0
    /// There will be no new items.
    var isExhausted = false
    /// Items that have been taken and have no result.
    var open = 0
    /// Results that have been taken away; those that have not leave less room for new items.
    var consumed = 0
    var failure: (any Error)?
    /// Nothing is handed out any more, whatever is left.
    var isStopped = false
    /// The feeder waits for work, or for the end.
    var waiter: UnsafeContinuation<Void, Never>?
  }

  let batchSize: Int
  /// How many items may be taken before the results of earlier ones have been consumed.
  let capacity: Int
  /// When to stop handing out; `nil`: never.
  let limit: PmapLimit?
  /// Names it in the event log.
  let map = Cluster.current.events.nextMap()
  private let policy: FailurePolicy<Output>
  private let progress: ProgressMeter
  let state = Mutex(State())

  init(
    batchSize: Int, capacity: Int = .max, policy: FailurePolicy<Output>, progress: ProgressMeter,
    limit: PmapLimit? = nil
  ) {
    self.limit = limit
    self.batchSize = batchSize
    self.capacity = capacity
    self.policy = policy
    self.progress = progress
  }

  // MARK: For subclasses

  /// Takes up to `batchSize` new items, counts them as open, and notes when there are no more.
  func takeNew() -> Range<Int>? { fatalError("abstract") }
  func input(at position: Int) -> Input { fatalError("abstract") }
  func inputs(at positions: Range<Int>) -> [Input] { fatalError("abstract") }
  /// Returns false if the item has a value already.
  func store(_ value: Output, at position: Int) -> Bool { fatalError("abstract") }
  /// An item has failed for good. Returns false if the map ends with that.
  func store(failure: any Error, at position: Int) -> Bool { false }
  /// The map has failed or was given up.
  func ended() {}

  // MARK: Taking

  /// The next items to send, if there are any.
  func take() -> WorkUnit? {
    if let limit, !limit.allowsAnother { stop() }
    let (retry, isEnded) = state.withLock { state in
      state.failure == nil ? (state.retries.popFirst(), false) : (nil, true)
    }
    if retry != nil || isEnded { return retry }
    if let positions = takeNew() { return WorkUnit(positions: positions) }
    // It may just have turned out that this is the end.
    wakeFeeder()
    return nil
  }

  /// How many items may be taken now.
  func room(in state: borrowing State) -> Int {
    state.isExhausted ? 0 : min(batchSize, capacity - (state.next - state.consumed))
  }

  var hasWork: Bool { state.withLock { hasWork($0) } }

  var isOver: Bool { state.withLock { isOver($0) } }

  private func hasWork(_ state: borrowing State) -> Bool {
    state.failure == nil && (!state.retries.isEmpty || room(in: state) > 0)
  }

  private func isOver(_ state: borrowing State) -> Bool {
    state.failure != nil || (state.open == 0 && state.isExhausted)
  }

  /// Waits until there is something to send; false when everything is done or the map has failed.
  func waitForWork() async -> Bool {
    while true {
      let answer = state.withLock { state in isOver(state) ? false : hasWork(state) ? true : nil }
      if let answer { return answer }
      await withUnsafeContinuation { continuation in
        let mustWait = state.withLock { state in
          if isOver(state) || hasWork(state) { return false }
          state.waiter = continuation
          return true
        }
        if !mustWait { continuation.resume() }
      }
    }
  }

  func wakeFeeder() {
    let waiter = state.withLock { state in
      isOver(state) || hasWork(state) ? state.waiter.take() : nil
    }
    waiter?.resume()
  }

  // MARK: Results

  func finish(_ position: Int, with value: Output) {
    if store(value, at: position) { stored(1) }
  }

  func finish(_ unit: WorkUnit, with values: [Output]) {
    var count = 0
    for index in values.indices where store(values[index], at: unit.positions.lowerBound + index) { count += 1 }
    stored(count)
  }

  private func stored(_ count: Int) {
    let waiter = state.withLock { state -> UnsafeContinuation<Void, Never>? in
      state.open -= count
      return state.open == 0 && state.waiter != nil && isOver(state) ? state.waiter.take() : nil
    }
    waiter?.resume()
    progress.advance(succeeded: count)
  }

  /// The results of a unit have come.
  func finish(_ unit: WorkUnit, with results: [Result<Output, any Error>]) async {
    for (position, result) in zip(unit.positions, results) {
      switch result {
      case .success(let value): finish(position, with: value)
      case .failure(let error): await fail(position, of: unit, with: error)
      }
    }
  }

  /// One item of a unit has failed.
  func fail(_ position: Int, of unit: WorkUnit, with error: any Error) async {
    await settle(WorkUnit(positions: position..<(position + 1), attempt: unit.attempt), error)
  }

  /// A unit was lost as a whole: it is retried as a whole, unless its items get values.
  func fail(_ unit: WorkUnit, with error: any Error) async {
    guard unit.positions.count > 1, policy.onError == nil else {
      for position in unit.positions { await fail(position, of: unit, with: error) }
      return
    }
    await settle(unit, error)
  }

  /// A unit was not done, and nothing is wrong with it.
  func takeBack(_ unit: WorkUnit) {
    again(unit)
  }

  private func again(_ unit: WorkUnit) {
    state.withLock { state in
      if state.isStopped { state.open -= unit.positions.count } else { state.retries.append(unit) }
    }
    wakeFeeder()
  }

  /// Hands out nothing any more: the map is over when what is under way has come back.
  func stop() {
    state.withLock { state in
      state.isStopped = true
      state.isExhausted = true
      state.open -= state.retries.reduce(0) { $0 + $1.positions.count }
      state.retries = []
    }
    wakeFeeder()
  }

  var isStopped: Bool { state.withLock { $0.isStopped } }

  /// Ends everything with an error.
  func abort(_ error: any Error) {
    Cluster.current.noteError(error)
    state.withLock { if $0.failure == nil { $0.failure = error } }
    ended()
    wakeFeeder()
  }

  var failure: (any Error)? { state.withLock { $0.failure } }

  private func settle(_ unit: WorkUnit, _ error: any Error) async {
    let decision = await policy.decide(error, attempt: unit.attempt)
    Cluster.current.recordFailure(of: unit, in: map, error, decision)
    switch decision {
    case .value(let value):
      for position in unit.positions { finish(position, with: value) }
    case .retry(let delay):
      var next = unit
      next.attempt += 1
      progress.retried(unit.positions.count)
      Cluster.current.engine.schedule(after: delay) { [self, next] in again(next) }
    case .fail(let error):
      progress.advance(failed: unit.positions.count)
      for position in unit.positions {
        guard store(failure: error, at: position) else { return abort(error) }
      }
      state.withLock { $0.open -= unit.positions.count }
      wakeFeeder()
    }
  }
}

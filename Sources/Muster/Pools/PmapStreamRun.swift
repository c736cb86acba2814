import DequeModule
import Synchronization

/// A map whose items are drawn from a sequence as they are needed, and whose results are taken away one by one.
// @unchecked: everything is immutable or behind a Mutex.
final class PmapStreamRun<Input: Sendable, Output: Sendable>: PmapRun<Input, Output>, @unchecked Sendable {
  struct Result: Sendable {
    let position: Int
    let value: Output
  }

  private struct Source: Sendable {
    let next: @Sendable () -> Input?
  }

  private struct Results: Sendable {
    /// Those that may be handed out, in order.
    var ready = Deque<Result>()
    /// Those that have to wait for an earlier one.
    var early: [Int: Output] = [:]
    var nextPosition = 0
    /// No more will come.
    var isOver = false
    var consumer: UnsafeContinuation<Void, Never>?

    mutating func add(_ result: Result, isOrdered: Bool) {
      guard isOrdered else { return ready.append(result) }
      early[result.position] = result.value
      while let value = early.removeValue(forKey: nextPosition) {
        ready.append(Result(position: nextPosition, value: value))
        nextPosition += 1
      }
    }
  }

  private let isOrdered: Bool
  /// Locked while the program's sequence is asked, which may take its time.
  private let source: Mutex<Source>
  private let inputs = Mutex<[Int: Input]>([:])
  private let results = Mutex(Results())

  /// - Parameters:
  ///   - next: the next item; called by one task at a time.
  ///   - capacity: how many items may be under way or have results that nobody has taken.
  init(
    next: @escaping @Sendable () -> Input?, isOrdered: Bool, capacity: Int, batchSize: Int,
    policy: FailurePolicy<Output>, progress: ProgressMeter
  ) {
    source = Mutex(Source(next: next))
    self.isOrdered = isOrdered
    super.init(batchSize: batchSize, capacity: capacity, policy: policy, progress: progress)
  }

  // MARK: Items

  override func takeNew() -> Range<Int>? {
    source.withLock { source in
      let (start, room) = state.withLock { state in
        (state.next, state.failure == nil ? self.room(in: state) : 0)
      }
      guard room > 0 else { return nil }
      var count = 0
      while count < room, let input = source.next() {
        inputs.withLock { $0[start + count] = input }
        count += 1
      }
      state.withLock { state in
        state.next += count
        state.open += count
        state.isExhausted = count < room
      }
      return count > 0 ? start..<(start + count) : nil
    }
  }

  override func input(at position: Int) -> Input { inputs.withLock { $0[position]! } }

  override func inputs(at positions: Range<Int>) -> [Input] {
    inputs.withLock { inputs in positions.map { inputs[$0]! } }
  }

  // MARK: Results

  override func store(_ value: Output, at position: Int) -> Bool {
    // Gone: it has a result.
    guard inputs.withLock({ $0.removeValue(forKey: position) }) != nil else { return false }
    let consumer = results.withLock { results in
      results.add(Result(position: position, value: value), isOrdered: isOrdered)
      return results.ready.isEmpty ? nil : results.consumer.take()
    }
    consumer?.resume()
    return true
  }

  override func ended() { wakeConsumer(isOver: false) }

  /// Every lane has ended.
  func finish() { wakeConsumer(isOver: true) }

  private func wakeConsumer(isOver: Bool) {
    let consumer = results.withLock { results in
      results.isOver = results.isOver || isOver
      return results.consumer.take()
    }
    consumer?.resume()
  }

  /// The next result; `nil` when there is none any more. For one task at a time.
  ///
  /// - Throws: what ended the map.
  func next() async throws -> Result? {
    while true {
      // Asked first: results that came before it are handed out before it is thrown.
      let failure = failure
      if let result = results.withLock({ $0.ready.popFirst() }) {
        state.withLock { $0.consumed += 1 }
        wakeFeeder()
        return result
      }
      if let failure { throw failure }
      if results.withLock({ $0.isOver && $0.ready.isEmpty }) { return nil }
      await withUnsafeContinuation { continuation in
        let mustWait = results.withLock { results in
          if !results.ready.isEmpty || results.isOver || self.failure != nil { return false }
          results.consumer = continuation
          return true
        }
        if !mustWait { continuation.resume() }
      }
    }
  }
}

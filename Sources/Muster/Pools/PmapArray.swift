import Synchronization

/// What a position of the result holds.
private enum Slot: UInt8 { case empty, value, failure }

/// A map over items that are all there, into an array.
// @unchecked: a position is stored by the one lane that has taken it, and read when all lanes have ended.
final class PmapArray<Input: Sendable, Output: Sendable>: PmapRun<Input, Output>, @unchecked Sendable {
  private let items: [Input]
  private let keepsFailures: Bool
  private let keep: ((Int, Output) throws -> Void)?
  private let values: UnsafeMutablePointer<Output>
  private let slots: UnsafeMutablePointer<Slot>
  private let failures = Mutex<[Int: any Error]>([:])

  /// - Parameters:
  ///   - keepsFailures: an item that fails for good has its error as its result, and the others go on.
  ///   - keep: gets each value with its position, once; what it throws ends the map.
  init(
    inputs: [Input], batchSize: Int, policy: FailurePolicy<Output>, keepsFailures: Bool, progress: ProgressMeter,
    limit: PmapLimit? = nil, keep: (@Sendable (Int, Output) throws -> Void)? = nil
  ) {
    items = inputs
    self.keepsFailures = keepsFailures
    self.keep = keep
    values = .allocate(capacity: inputs.count)
    slots = .allocate(capacity: inputs.count)
    slots.initialize(repeating: Slot.empty, count: inputs.count)
    super.init(batchSize: batchSize, policy: policy, progress: progress, limit: limit)
    state.withLock { $0.isExhausted = inputs.isEmpty }
  }

  deinit {
    for position in 0..<items.count where slots[position] == Slot.value { (values + position).deinitialize(count: 1) }
    values.deallocate()
    slots.deallocate()
  }

  override func takeNew() -> Range<Int>? {
    state.withLock { state in
      let start = state.next
      let count = min(room(in: state), items.count - start)
      guard count > 0 else { return nil }
      state.next += count
      state.open += count
      state.isExhausted = state.next == items.count
      return start..<state.next
    }
  }

  override func input(at position: Int) -> Input { items[position] }

  override func inputs(at positions: Range<Int>) -> [Input] { Array(items[positions]) }

  override func store(_ value: Output, at position: Int) -> Bool {
    guard slots[position] == Slot.empty else { return false }
    (values + position).initialize(to: value)
    slots[position] = Slot.value
    if let keep { do { try keep(position, value) } catch { abort(error) } }
    return true
  }

  override func store(failure: any Error, at position: Int) -> Bool {
    guard keepsFailures else { return false }
    failures.withLock { $0[position] = failure }
    slots[position] = Slot.failure
    return true
  }

  // MARK: The outcome, once every lane has ended

  /// The values, if nothing has failed.
  func results() throws -> [Output] {
    if let failure { throw failure }
    return Array(UnsafeBufferPointer(start: values, count: items.count))
  }

  /// The values there are, if nothing has failed or the map was stopped.
  func part() throws -> [Output?] {
    if let failure, !(isStopped && failure is CancellationError) { throw failure }
    return (0..<items.count).map { slots[$0] == Slot.value ? values[$0] : nil }
  }

  func outcome() throws -> [Result<Output, any Error>] {
    if let failure { throw failure }
    let failures = failures.withLock { $0 }
    return (0..<items.count).map { position in
      if let failure = failures[position] { return .failure(failure) }
      return .success(values[position])
    }
  }
}

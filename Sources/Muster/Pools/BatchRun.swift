import Synchronization

/// Runs the items of a batch concurrently, without a task for each of those that do not suspend.
///
/// A driver (`RemoteFunction._drive`) runs items one after the other. It is started as an immediate task, which returns
/// here when the driver has finished or when an item has suspended it; in that case another driver goes on with the
/// items that are left. Muster's own: it is public only because `_drive` is.
// @unchecked: a position is stored by the one driver that has taken it, and read when all drivers have ended.
public final class BatchRun<F: RemoteFunction>: @unchecked Sendable {
  @usableFromInline let function: F
  @usableFromInline let inputs: [F.Input]
  @usableFromInline let values: UnsafeMutablePointer<F.Output>
  private let next = Atomic<Int>(0)
  private let failures = Mutex<[Int: BatchFailure]>([:])

  init(function: F, inputs: [F.Input]) {
    self.function = function
    self.inputs = inputs
    values = .allocate(capacity: inputs.count)
  }

  deinit { values.deallocate() }

  /// Runs every item, once.
  func run() async -> BatchResult<F.Output> {
    await withDiscardingTaskGroup { group in
      let engine = Cluster.current.engine
      while next.load(ordering: .relaxed) < inputs.count {
        group.addImmediateTask(executorPreference: engine) { await F._drive(self) }
      }
    }
    let failures = failures.withLock { $0 }
    return BatchResult(values: takeValues(without: failures), failures: failures)
  }

  /// Moves the values out.
  private func takeValues(without failures: [Int: BatchFailure]) -> [F.Output] {
    let count = inputs.count
    return [F.Output](unsafeUninitializedCapacity: count - failures.count) { buffer, initialized in
      for position in 0..<count where failures.isEmpty || failures[position] == nil {
        (buffer.baseAddress! + initialized).moveInitialize(from: values + position, count: 1)
        initialized += 1
      }
    }
  }

  /// The position of the next item, or `nil` when every one has been taken.
  @usableFromInline
  func take() -> Int? {
    let position = next.wrappingAdd(1, ordering: .relaxed).oldValue
    return position < inputs.count ? position : nil
  }

  @usableFromInline
  func fail(_ error: any Error, at position: Int) {
    let failure = BatchFailure(error)
    failures.withLock { $0[position] = failure }
  }
}

import Synchronization

/// Runs the items of a batch concurrently, without a task for each of those that do not suspend.
///
/// A driver runs items one after the other. It is started as an immediate task, which returns here when the driver has
/// finished or when an item has suspended it; in that case another driver goes on with the items that are left.
final class BatchRun<F: RemoteFunction>: Sendable {
  private struct State {
    var next = 0
    var values: [F.Output?]
    var failures: [Int: BatchFailure] = [:]
  }

  private let function: F
  private let inputs: [F.Input]
  private let state: Mutex<State>

  init(function: F, inputs: [F.Input]) {
    self.function = function
    self.inputs = inputs
    state = Mutex(State(values: Array(repeating: nil, count: inputs.count)))
  }

  func run() async -> BatchResult<F.Output> {
    await withDiscardingTaskGroup { group in
      let engine = Cluster.current.engine
      while state.withLock({ $0.next < inputs.count }) {
        group.addImmediateTask(executorPreference: engine) { await self.drive() }
      }
    }
    return state.withLock { state in
      let failed = state.failures.keys.sorted()
      return BatchResult(
        values: state.values.compactMap { $0 }, failedPositions: failed, failures: failed.map { state.failures[$0]! })
    }
  }

  private func drive() async {
    while let position = take() {
      do {
        let value = try await function(inputs[position])
        state.withLock { $0.values[position] = value }
      } catch {
        let failure = BatchFailure(error)
        state.withLock { $0.failures[position] = failure }
      }
    }
  }

  private func take() -> Int? {
    state.withLock { state in
      guard state.next < inputs.count else { return nil }
      defer { state.next += 1 }
      return state.next
    }
  }
}

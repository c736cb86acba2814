#if MPI
  import DequeModule
  import Synchronization

  /// Lets one task after the other, in the order in which they came.
  final class Turns: Sendable {
    private struct State: Sendable {
      var isTaken = false
      var last: UInt64 = 0
      var waiters = Deque<(number: UInt64, continuation: UnsafeContinuation<Bool, Never>)>()
    }

    private let state = Mutex(State())

    /// Waits until it is this task's turn, which then has to pass it on.
    ///
    /// - Throws: `CancellationError`; then there is nothing to pass on.
    func take() async throws {
      let number = state.withLock { state in
        state.last += 1
        return state.last
      }
      let isOurs = await withTaskCancellationHandler {
        await withUnsafeContinuation { continuation in
          if let isOurs = begin(number, continuation) { continuation.resume(returning: isOurs) }
        }
      } onCancel: {
        let waiter = state.withLock { state in
          state.waiters.firstIndex { $0.number == number }.map { state.waiters.remove(at: $0) }
        }
        waiter?.continuation.resume(returning: false)
      }
      guard isOurs else { throw CancellationError() }
    }

    /// `nil` if it has to wait.
    private func begin(_ number: UInt64, _ continuation: UnsafeContinuation<Bool, Never>) -> Bool? {
      state.withLock { state in
        if Task.isCancelled { return false }
        guard state.isTaken else {
          state.isTaken = true
          return true
        }
        state.waiters.append((number, continuation))
        return nil
      }
    }

    func pass() {
      let next = state.withLock { state in
        let next = state.waiters.popFirst()
        if next == nil { state.isTaken = false }
        return next
      }
      next?.continuation.resume(returning: true)
    }
  }
#endif

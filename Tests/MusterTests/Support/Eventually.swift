import Synchronization
import Testing

/// Waits for what happens by itself, such as the end of a thread. The deadline only ends a test that fails.
func eventually(
  _ what: Comment, within limit: Duration = .seconds(30), sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () async throws -> Bool
) async rethrows {
  let start = ContinuousClock.now
  while try await !condition() {
    if ContinuousClock.now - start > limit {
      Issue.record(what, sourceLocation: sourceLocation)
      return
    }
    try? await Task.sleep(for: .milliseconds(1))
  }
}

/// Counts what happens in other threads and tasks.
final class Counter: Sendable {
  private let state = Mutex(0)
  var value: Int { state.withLock { $0 } }

  @discardableResult
  func increment() -> Int {
    state.withLock { value in
      value += 1
      return value
    }
  }
}

/// What was seen, in the order in which it was.
final class Recorder<Element: Sendable>: Sendable {
  private let state = Mutex([Element]())
  var elements: [Element] { state.withLock { $0 } }
  func append(_ element: Element) { state.withLock { $0.append(element) } }
}

import Glibc
import Muster
import Synchronization

/// Lets a test keep remote functions from returning; the clusters of a test share its memory.
enum Hold {
  private struct State: Sendable {
    var waiters = 0
    var isReleased = false
  }
  private static let states = Mutex<[State]>([])

  static func new() -> Int {
    states.withLock { states in
      states.append(State())
      return states.count - 1
    }
  }

  static func release(_ hold: Int) { states.withLock { $0[hold].isReleased = true } }
  static func isReleased(_ hold: Int) -> Bool { states.withLock { $0[hold].isReleased } }
  static func addWaiter(_ hold: Int) { states.withLock { $0[hold].waiters += 1 } }
  static func waiters(_ hold: Int) -> Int { states.withLock { $0[hold].waiters } }
  static func isWaited(_ hold: Int) -> Bool { waiters(hold) > 0 }
}

/// Suspends until it is released or cancelled.
struct WaitUntilReleased: RemoteThunk {
  let hold: Int

  func callAsFunction() async throws -> ProcessID {
    Hold.addWaiter(hold)
    while !Hold.isReleased(hold) { try await Task.sleep(for: .milliseconds(1)) }
    return myid()
  }
}

/// Keeps its thread until it is released.
struct BlockUntilReleased: RemoteThunk {
  let hold: Int

  func callAsFunction() -> ProcessID {
    Hold.addWaiter(hold)
    while !Hold.isReleased(hold) { usleep(2_000) }
    return myid()
  }
}

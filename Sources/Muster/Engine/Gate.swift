import CMuster
import Glibc

/// Lets a thread outside the Engine wait for a task.
// @unchecked: the semaphore is thread-safe and lives as long as this object.
package final class Gate: @unchecked Sendable {
  private let semaphore: UnsafeMutablePointer<sem_t>

  package init() {
    semaphore = .allocate(capacity: 1)
    sem_init(semaphore, 0, 0)
  }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  package func open() { sem_post(semaphore) }

  /// Returns whether the gate was opened in time.
  @discardableResult
  package func wait(atMost duration: Duration) -> Bool {
    muster_semaphore_wait(semaphore, UInt64(max(0, duration.nanoseconds)))
  }

  package func wait() {
    while sem_wait(semaphore) != 0 && errno == EINTR {}
  }
}

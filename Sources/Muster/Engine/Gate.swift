import CMuster
import Glibc

/// Lets a thread outside the Engine wait for a task.
// @unchecked: the semaphore is thread-safe and lives as long as this object.
final class Gate: @unchecked Sendable {
  private let semaphore: UnsafeMutablePointer<sem_t>

  init() {
    semaphore = .allocate(capacity: 1)
    sem_init(semaphore, 0, 0)
  }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  func open() { sem_post(semaphore) }

  /// Returns whether the gate was opened in time.
  @discardableResult
  func wait(atMost duration: Duration) -> Bool {
    muster_semaphore_wait(semaphore, UInt64(max(0, duration.nanoseconds)))
  }

  func wait() {
    while sem_wait(semaphore) != 0 && errno == EINTR {}
  }
}

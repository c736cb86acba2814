import CMuster
import Glibc

/// A detached POSIX thread.
package enum Thread {
  /// User functions run on these threads and may recurse; memory is taken only as the stack is used.
  private static let stackSize = 16 << 20

  private final class Body {
    let name: String
    let run: @Sendable () -> Void
    init(name: String, run: @escaping @Sendable () -> Void) {
      self.name = name
      self.run = run
    }
  }

  package static func start(name: String, _ run: @escaping @Sendable () -> Void) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, stackSize)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    defer { pthread_attr_destroy(&attributes) }
    var thread = pthread_t()
    let body = Unmanaged.passRetained(Body(name: name, run: run))
    let result = pthread_create(
      &thread, &attributes,
      { pointer in
        let body = Unmanaged<Body>.fromOpaque(pointer!).takeRetainedValue()
        muster_name_thread(body.name)
        body.run()
        return nil
      }, body.toOpaque())
    precondition(result == 0, "cannot start a thread: \(describe(errno: result)) (see ulimit -u)")
  }
}

extension Duration {
  /// Whole nanoseconds, clamped to what 64 bits hold (292 years).
  var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return seconds < 0 ? .min : .max }
    let (sum, carried) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
    return carried ? (seconds < 0 ? .min : .max) : sum
  }
}

/// The system's words for an error number, such as "Connection refused".
func describe(errno number: Int32) -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
    strerror_r(number, buffer.baseAddress!, buffer.count) == 0
      ? String(cString: buffer.baseAddress!) : "error \(number)"
  }
}

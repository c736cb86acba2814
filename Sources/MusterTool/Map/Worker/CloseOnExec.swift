import Glibc
import Synchronization

/// Descriptors that a command must not inherit.
///
/// There is a moment between making one and marking it, in which no command may be started by another thread: Linux could
/// do both at once, but the calls for it are not in Swift's Glibc.
enum CloseOnExec {
  private static let lock = Mutex(())

  static func make(_ body: () -> Int32) -> Int32 {
    lock.withLock { _ in
      let descriptor = body()
      if descriptor >= 0 { mark(descriptor) }
      return descriptor
    }
  }

  /// The ends of a pipe, to read from and to write to.
  static func pipe() throws(MapError) -> (reader: Int32, writer: Int32) {
    var ends: (Int32, Int32) = (-1, -1)
    let result = lock.withLock { _ in
      let result = withUnsafeMutablePointer(to: &ends) {
        $0.withMemoryRebound(to: Int32.self, capacity: 2) { Glibc.pipe($0) }
      }
      if result == 0 {
        mark(ends.0)
        mark(ends.1)
      }
      return result
    }
    guard result == 0 else { throw MapError("cannot make a pipe", errno: errno) }
    return ends
  }

  /// Starts a command.
  static func spawn(_ body: () -> Int32) -> Int32 { lock.withLock { _ in body() } }

  /// Marks all that are open but the standard streams: a library of the program's may have forgotten it.
  static func markAll() {
    guard let directory = opendir("/proc/self/fd") else { return }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      if let descriptor = Int32(entry.name), descriptor > 2 { mark(descriptor) }
    }
  }

  private static func mark(_ descriptor: Int32) { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
}

extension UnsafeMutablePointer<dirent> {
  /// The name of a directory's entry.
  var name: String {
    withUnsafePointer(to: &pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
  }
}

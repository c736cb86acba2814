import Glibc

/// Why a map cannot begin, or go on.
struct MapError: Error, Equatable, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }

  init(_ description: String, errno: Int32) { self.description = "\(description): \(String(cString: strerror(errno)))" }
}

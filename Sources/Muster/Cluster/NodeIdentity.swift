import Glibc

/// Which node, and which network of it, a process runs in: two processes that agree can use Unix-domain sockets.
struct NodeIdentity: Codable, Sendable, Hashable {
  /// Of the running kernel: unlike a host name, no two nodes share it.
  let bootID: String
  /// Containers on one node may have networks and file systems of their own.
  let networkNamespace: String

  static let current = NodeIdentity(
    bootID: readSmallFile("/proc/sys/kernel/random/boot_id")?.split(separator: "\n").first.map(String.init)
      ?? hostName(),
    networkNamespace: readLink("/proc/self/ns/net") ?? "")
}

/// The name of this host.
func hostName() -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
    gethostname(buffer.baseAddress!, buffer.count) == 0 ? String(cString: buffer.baseAddress!) : "localhost"
  }
}

/// The target of a symbolic link.
func readLink(_ path: String) -> String? {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
    let count = readlink(path, buffer.baseAddress!, buffer.count - 1)
    guard count >= 0 else { return nil }
    buffer[count] = 0
    return String(cString: buffer.baseAddress!)
  }
}

/// The content of a file of /proc or /sys, at most 64 KiB of it.
func readSmallFile(_ path: String) -> String? {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  return withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 1) { buffer in
    var filled = 0
    while filled < buffer.count {
      let count = read(descriptor, buffer.baseAddress! + filled, buffer.count - filled)
      if count < 0 { return nil }
      if count == 0 { break }
      filled += count
    }
    return String(decoding: buffer[..<filled], as: UTF8.self)
  }
}

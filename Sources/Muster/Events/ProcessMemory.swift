/// What a process has needed of memory at most.
enum ProcessMemory {
  /// The most that was resident at once, in bytes (proc(5): VmHWM); `nil` where the kernel does not say.
  ///
  /// Not getrusage(2): its figure outlives execve(2), so a worker would begin with that of the process which started it.
  static var peak: Int? { readSmallFile("/proc/self/status").flatMap(peak(inStatus:)) }

  static func peak(inStatus text: String) -> Int? {
    for line in text.split(separator: "\n") where line.hasPrefix("VmHWM:") {
      return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
    }
    return nil
  }
}

/// How much memory a process has needed, for who asks.
struct ReportMemory: RemoteThunk, InternalFunction {
  func callAsFunction() -> Int { ProcessMemory.peak ?? 0 }
}

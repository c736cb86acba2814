import Glibc

/// How many files and connections a process may have open.
enum DescriptorLimit {
  /// What process 1 of a cluster of so many processes needs: of each a connection, of its own children two pipes and the
  /// process itself, too; and some for the rest of the program.
  static func needed(by processes: Int, areChildren: Bool) -> Int { (areChildren ? 4 : 1) * processes + 50 }

  /// What a worker needs that is connected to all others: of each a connection, and another that only receives.
  static func neededByWorker(of processes: Int) -> Int { 2 * processes + 50 }

  /// The limit of this process, after it has been raised as far as this user may (`ulimit -Hn`).
  static func current() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .max }
    if limit.rlim_cur < limit.rlim_max {
      var raised = limit
      raised.rlim_cur = limit.rlim_max
      if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
    }
    return Int(clamping: limit.rlim_cur)
  }
}

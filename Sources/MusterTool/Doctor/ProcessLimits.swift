import Glibc

/// What the kernel lets a process have (getrlimit(2)): the hard limits, which a process may raise its own to.
struct ProcessLimits: Codable, Sendable, Hashable {
  /// `nil`: no limit.
  var files: UInt64?
  var processes: UInt64?
  /// Bytes of memory that may be locked, which fast networks want to.
  var lockedMemory: UInt64?
  /// Bytes.
  var addressSpace: UInt64?

  static func current() -> ProcessLimits {
    ProcessLimits(
      files: hard(RLIMIT_NOFILE), processes: hard(__RLIMIT_NPROC), lockedMemory: hard(__RLIMIT_MEMLOCK),
      addressSpace: hard(RLIMIT_AS))
  }

  private static func hard(_ resource: __rlimit_resource) -> UInt64? {
    var limit = rlimit()
    guard getrlimit(Int32(resource.rawValue), &limit) == 0, limit.rlim_max != .max else { return nil }
    return UInt64(limit.rlim_max)
  }

  /// What of it is too little.
  ///
  /// - Parameters:
  ///   - peers: how many processes this one may be connected to.
  ///   - hasFastNetwork: InfiniBand or the like.
  func checks(at place: String, peers: Int, hasFastNetwork: Bool) -> [Check] {
    let needed = UInt64(64 + 4 * peers)
    var checks: [Check] = []
    func complain(_ what: String, _ limit: UInt64, _ option: String, _ reason: String) {
      checks.append(
        .warning(place, "limits", "at most \(limit) \(what) (ulimit -H\(option))", "\(reason): have the limit raised"))
    }
    if let files, files < needed {
      complain("open files", files, "n", "\(peers) processes that are connected need about \(needed)")
    }
    if let processes, processes < 1024 {
      complain("processes and threads", processes, "u", "each worker has a handful of threads, and a busy one up to 64")
    }
    if hasFastNetwork, let lockedMemory, lockedMemory < 64 << 20 {
      complain("bytes of locked memory", lockedMemory, "l", "MPI wants to lock much memory for this network")
    }
    if let addressSpace, addressSpace < 4 << 30 {
      complain(
        "bytes of address space", addressSpace, "v", "a worker reserves some gigabytes, though it uses few of them")
    }
    guard checks.isEmpty else { return checks }
    let texts = [(files, "files"), (processes, "processes")].map {
      "\($0.0.map(String.init) ?? "any number of") \($0.1)"
    }
    return [.ok(place, "limits", texts.joined(separator: ", "))]
  }
}

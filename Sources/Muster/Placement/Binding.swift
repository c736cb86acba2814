import CMuster
import Glibc
import Synchronization

/// What a worker makes the kernel grant it, before it does anything else.
struct Binding: Sendable, Hashable {
  enum Memory: Sendable, Hashable {
    case unchanged
    case local
    /// Over these NUMA nodes.
    case interleaved(CPUSet)
  }

  /// `nil`: as it was started.
  var cpus: CPUSet?
  var memory = Memory.unchanged

  init() {}

  /// Binds this process. To be called before it has many threads; those that it makes later inherit all of it, those
  /// that there are get the CPUs, too, but the memory policy is the calling thread's.
  ///
  /// - Returns: what the kernel refused, in words.
  func apply() -> String? {
    let refusals = [cpus.flatMap(bindThreads), setMemoryPolicy()].compactMap { $0 }
    return refusals.isEmpty ? nil : refusals.joined(separator: "; ")
  }

  /// Until there is none that has not been bound: one may be made by another meanwhile.
  private func bindThreads(to cpus: CPUSet) -> String? {
    let mask = cpus.bytes
    var bound: Set<Int32> = []
    while case let threads = Set(Self.threads).subtracting(bound), !threads.isEmpty {
      for thread in threads where muster_set_affinity(thread, mask, mask.count) != 0 && errno != ESRCH {
        return "sched_setaffinity(\(cpus)): \(describe(errno: errno))"
      }
      bound.formUnion(threads)
    }
    return nil
  }

  private func setMemoryPolicy() -> String? {
    switch memory {
    case .unchanged: return nil
    case .local:
      // Refused where there are no NUMA nodes or in a container; it is the kernel's own default.
      _ = muster_set_memory_local()
      return nil
    case .interleaved(let nodes):
      let mask = nodes.bytes
      guard muster_set_memory_interleaved(mask, mask.count) != 0 else { return nil }
      return "set_mempolicy(interleave over NUMA \(nodes)): \(describe(errno: errno))"
    }
  }

  private static var threads: [Int32] {
    guard let directory = opendir("/proc/self/task") else { return [muster_thread_id()] }
    defer { closedir(directory) }
    var threads: [Int32] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if let thread = Int32(name) { threads.append(thread) }
    }
    return threads
  }
}

extension CPUSet {
  /// The CPUs on which the kernel lets the calling thread run.
  static var ofThisThread: CPUSet {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: limit / 8) { mask in
      let size = muster_get_affinity(mask.baseAddress!, mask.count)
      guard size > 0 else { return CPUSet(0..<Swift.max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
      return CPUSet((0..<(Int(size) * 8)).filter { mask[$0 / 8] & (1 << ($0 % 8)) != 0 })
    }
  }
}

// MARK: - On the way to the worker

extension Binding {
  /// Lines of an `Invitation`.
  var lines: [String] {
    let memory: [String] =
      switch memory {
      case .unchanged: []
      case .local: ["memory=local"]
      case .interleaved(let nodes): ["memory=interleave:\(nodes)"]
      }
    return (cpus.map { ["cpus=\($0)"] } ?? []) + memory
  }

  /// - Throws: `ClusterError` `.invalidArgument` for what is no such line.
  init(cpus: String?, memory: String?) throws(ClusterError) {
    if let cpus { self.cpus = try CPUSet(cpus) }
    switch memory {
    case nil: self.memory = .unchanged
    case "local": self.memory = .local
    case .some(let text):
      let prefix = "interleave:"
      guard text.hasPrefix(prefix) else {
        throw ClusterError(.invalidArgument, "'\(text)' is no memory policy of a worker")
      }
      self.memory = .interleaved(try CPUSet(text.dropFirst(prefix.count)))
    }
  }
}

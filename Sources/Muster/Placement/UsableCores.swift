import CMuster
import Glibc

/// How many cores this process may really use.
///
/// Three things limit it, and the host's number of CPUs is none of them: the CPUs it is allowed to run on
/// (sched_getaffinity(2): taskset, cpusets, a scheduler's binding), hardware threads that share a core, and the CPU
/// time its control groups grant (cpu.max; cgroups(7)).
enum UsableCores {
  /// Larger than any machine's number of CPUs; glibc's cpu_set_t holds only 1,024.
  private static let maximumCPUs = 65_536

  static func count() -> Int {
    let allowed = allowedCPUs()
    let cores = coreCount(of: allowed) {
      readSmallFile("/sys/devices/system/cpu/cpu\($0)/topology/thread_siblings_list")
    }
    return limit(cores, byQuotas: controlGroupQuotas())
  }

  /// The CPUs this process may run on.
  static func allowedCPUs() -> [Int] {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: maximumCPUs / 8) { mask in
      let size = muster_get_affinity(mask.baseAddress!, mask.count)
      guard size > 0 else { return Array(0..<max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
      return (0..<(Int(size) * 8)).filter { mask[$0 / 8] & (1 << ($0 % 8)) != 0 }
    }
  }

  /// The number of distinct cores among `cpus`; a CPU whose siblings are unknown counts as a core.
  ///
  /// - Parameter siblings: the kernel's list of the CPUs of the same core, such as `0,4`.
  static func coreCount(of cpus: [Int], siblings: (Int) -> String?) -> Int {
    let cores = Set(
      cpus.map { cpu in siblings(cpu)?.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? "cpu\(cpu)" })
    return max(1, cores.count)
  }

  /// A quota of 1.5 CPUs lets one worker run at full speed, not two.
  static func limit(_ cores: Int, byQuotas quotas: [Double]) -> Int {
    quotas.reduce(cores) { cores, quota in max(1, min(cores, Int(min(quota, 1e6)))) }
  }

  /// The CPUs' worth of time of every control group around this process that limits it.
  private static func controlGroupQuotas() -> [Double] {
    guard let membership = readSmallFile("/proc/self/cgroup"),
      let path = membership.split(separator: "\n").first(where: { $0.hasPrefix("0::") })?.dropFirst(3)
    else { return [] }
    var components = path.split(separator: "/")
    var quotas: [Double] = []
    while true {
      let file = "/sys/fs/cgroup/" + components.joined(separator: "/") + "/cpu.max"
      if let quota = readSmallFile(file).flatMap(quota) { quotas.append(quota) }
      if components.popLast() == nil { return quotas }
    }
  }

  /// Reads cpu.max, such as `150000 100000`: time and period in microseconds; `nil` for `max`.
  static func quota(_ text: String) -> Double? {
    let words = text.split(whereSeparator: \.isWhitespace)
    guard words.count == 2, let time = Double(words[0]), let period = Double(words[1]), period > 0 else { return nil }
    return time / period
  }
}

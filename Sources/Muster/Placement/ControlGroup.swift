/// How much processor time the control groups of this process grant (cgroups(7)), which no set of CPUs says.
enum ControlGroup {
  /// In CPUs' worth of time, such as 1.5; `nil`: no limit.
  static func cpuQuota() -> Double? {
    guard let membership = readSmallFile("/proc/self/cgroup") else { return nil }
    return directories(membership).compactMap { directory in
      if let text = readSmallFile(directory + "/cpu.max") { return quota(text) }
      guard let time = readSmallFile(directory + "/cpu.cfs_quota_us"),
        let period = readSmallFile(directory + "/cpu.cfs_period_us")
      else { return nil }
      return quota("\(time.trimmed) \(period)")
    }.min()
  }

  /// A quota of 1.5 CPUs lets one worker run at full speed, not two; one worker there always is.
  static func limit(_ count: Int, byQuota quota: Double?) -> Int {
    quota.map { max(1, min(count, Int(min($0, 1e6)))) } ?? count
  }

  /// Where the files of the groups around a process are, at the usual places.
  ///
  /// - Parameter membership: /proc/PID/cgroup: `0::/path` for version 2, `4:cpu,cpuacct:/path` for version 1.
  static func directories(_ membership: String) -> [String] {
    membership.split(separator: "\n").flatMap { line -> [String] in
      let words = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard words.count == 3 else { return [] }
      let isUnified = words[0] == "0" && words[1].isEmpty
      guard isUnified || words[1].split(separator: ",").contains("cpu") else { return [] }
      let root = isUnified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/\(words[1])"
      let components = words[2].split(separator: "/")
      return (0...components.count).map { ([root] + components.prefix($0).map(String.init)).joined(separator: "/") }
    }
  }

  /// Reads cpu.max, such as `150000 100000`: time and period in microseconds; `nil` for `max` and -1.
  static func quota(_ text: String) -> Double? {
    let words = text.split(whereSeparator: \.isWhitespace)
    guard words.count == 2, let time = Double(words[0]), let period = Double(words[1]), time > 0, period > 0 else {
      return nil
    }
    return time / period
  }
}

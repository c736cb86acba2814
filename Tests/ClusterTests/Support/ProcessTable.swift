import Glibc

/// What the kernel says of other processes (proc(5)).
enum ProcessTable {
  static var all: [Int32] { entries(of: "/proc").compactMap { Int32($0) } }

  /// The state letter and the parent of a process; `nil` when it is gone.
  static func status(of pid: Int32) -> (state: Character, parent: Int32)? {
    guard let line = text(of: "/proc/\(pid)/stat"), let end = line.lastIndex(of: ")") else { return nil }
    let words = line[line.index(after: end)...].split(separator: " ")
    guard words.count > 1, let state = words[0].first, let parent = Int32(words[1]) else { return nil }
    return (state, parent)
  }

  /// Whether it runs (a zombie does not).
  static func isAlive(_ pid: Int32) -> Bool {
    guard let status = status(of: pid) else { return false }
    return status.state != "Z" && status.state != "X"
  }

  static func isStopped(_ pid: Int32) -> Bool { status(of: pid)?.state == "T" }

  /// Children of this process, zombies included; a sanitizer's, which writes names into its reports, is not ours.
  static var children: [Int32] {
    all.filter { status(of: $0)?.parent == getpid() && commandLine(of: $0).first?.hasSuffix("llvm-symbolizer") != true }
  }

  /// Running processes that have `NAME=value` in the environment they were started with.
  static func alive(withVariable assignment: String) -> [Int32] {
    all.filter { pid in
      isAlive(pid) && (text(of: "/proc/\(pid)/environ")?.split(separator: "\0").contains { $0 == assignment } ?? false)
    }
  }

  static func commandLine(of pid: Int32) -> [String] {
    (text(of: "/proc/\(pid)/cmdline") ?? "").split(separator: "\0").map(String.init)
  }

  /// Resident memory in bytes.
  static func residentSize(of pid: Int32) -> Int {
    guard let words = text(of: "/proc/\(pid)/statm")?.split(separator: " "), words.count > 1 else { return 0 }
    return (Int(words[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// The socket directories of this user that are there.
  static var socketDirectories: Set<String> {
    Set(entries(of: "/tmp").filter { $0.hasPrefix("muster-\(geteuid())-") })
  }

  /// Those whose process, which is in the name, has ended: other programs may run on this machine meanwhile.
  static var abandonedSocketDirectories: Set<String> {
    socketDirectories.filter { name in
      let process = name.split(separator: "-").dropFirst(2).first.flatMap { pid_t($0) }
      return process.map { kill($0, 0) != 0 } ?? true
    }
  }

  static func text(of path: String) -> String? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 1) { buffer in
      while case let count = fread(buffer.baseAddress!, 1, buffer.count, file), count > 0 {
        bytes += buffer[..<count]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func entries(of path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return names
  }
}

#if MPI
  import Glibc

  /// Where a rank runs, as it tells the others.
  struct RankPlace: Sendable, Equatable {
    /// Bytes in which it is told.
    static let size = 384

    let ospid: Int32
    let host: String
    /// Different where the numbers of processes or the addresses mean different ones: the boot and both namespaces.
    let node: String

    static var current: RankPlace {
      RankPlace(
        ospid: getpid(), host: text(256) { gethostname($0, $1) == 0 },
        node: bootID + text(128) { readlink("/proc/self/ns/pid", $0, $1) > 0 }
          + text(128) { readlink("/proc/self/ns/net", $0, $1) > 0 })
    }

    private static var bootID: String {
      guard let file = fopen("/proc/sys/kernel/random/boot_id", "r") else { return "" }
      defer { fclose(file) }
      return text(64) { fgets($0, Int32($1), file) != nil }.filter { $0 != "\n" }
    }

    private static func text(_ room: Int, _ fill: (UnsafeMutablePointer<CChar>, Int) -> Bool) -> String {
      withUnsafeTemporaryAllocation(of: CChar.self, capacity: room) { buffer in
        buffer.initialize(repeating: 0)
        return fill(buffer.baseAddress!, room - 1) ? String(cString: buffer.baseAddress!) : ""
      }
    }

    /// Three lines, filled up with zeros.
    var bytes: [UInt8] {
      let text = Array("\(ospid)\n\(node)\n\(host)".utf8.prefix(Self.size))
      return text + [UInt8](repeating: 0, count: Self.size - text.count)
    }

    init(ospid: Int32, host: String, node: String) {
      (self.ospid, self.host, self.node) = (ospid, host, node)
    }

    init(_ bytes: some Sequence<UInt8>) {
      let lines = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self).split(
        separator: "\n", omittingEmptySubsequences: false)
      self.init(
        ospid: lines.first.flatMap { Int32($0) } ?? 0, host: lines.count > 2 ? String(lines[2]) : "",
        node: lines.count > 1 ? String(lines[1]) : "")
    }
  }
#endif

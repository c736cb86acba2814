import CMuster
import Glibc

/// The file of an event log. It is only ever appended to, so it may be cut at any byte: every whole line counts.
final class EventFile: Sendable {
  private static let mark = Array("{\"event\":\"start\",\"t\":0.000000,\"format\":\"muster-events\"".utf8)

  let path: String
  private let descriptor: Int32

  /// Opens a file, or makes one. One run is written behind another; one program at a time may write.
  ///
  /// - Throws: `ClusterError` `.invalidArgument` when it cannot be opened, is in use, or is something else.
  init(path: String) throws(ClusterError) {
    func problem(_ what: String) -> ClusterError { ClusterError(.invalidArgument, "the event log \(path) \(what)") }
    let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw problem("cannot be opened: \(describe(errno: errno))") }
    // Some file systems know no locks: then nobody is kept out.
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      close(descriptor)
      throw problem("is in use by another program: choose another path")
    }
    var start = [UInt8](repeating: 0, count: Self.mark.count)
    let count = pread(descriptor, &start, start.count, 0)
    // What is shorter was cut.
    if count > 0, !Self.mark.starts(with: start.prefix(count)) {
      close(descriptor)
      throw problem("is something else: choose another path")
    }
    self.path = path
    self.descriptor = descriptor
    endLine()
  }

  deinit { close(descriptor) }

  /// Of a run that was killed there may be a part of a line.
  private func endLine() {
    let size = lseek(descriptor, 0, SEEK_END)
    var last: UInt8 = 0
    if size > 0, pread(descriptor, &last, 1, size - 1) == 1, last != UInt8(ascii: "\n") {
      _ = write([UInt8(ascii: "\n")])
    }
  }

  /// Writes all of it; returns false, with errno, where that fails.
  func write(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { bytes in
      var offset = 0
      while offset < bytes.count {
        let count = Glibc.write(descriptor, bytes.baseAddress! + offset, bytes.count - offset)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        offset += count
      }
      return true
    }
  }

  /// The line that begins a run: which version of the format this is, when and where it runs, and what.
  static func heading(job: String?) -> [UInt8] {
    var line = JSONLine("start", seconds: 0)
    line.add("format", "muster-events")
    line.add("version", 1)
    line.add("time", timeOfDay())
    line.add("host", hostName())
    line.add("osPID", Int(getpid()))
    line.add("command", ProgramArguments.current)
    line.add("job", job)
    return line.line()
  }

  /// ISO 8601, UTC, with milliseconds.
  private static func timeOfDay() -> String {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    var fields = tm()
    gmtime_r(&now.tv_sec, &fields)
    func digits(_ value: Int, _ width: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
    let date = [Int(fields.tm_year) + 1900, Int(fields.tm_mon) + 1, Int(fields.tm_mday)].map { digits($0, 2) }
    let time = [fields.tm_hour, fields.tm_min, fields.tm_sec].map { digits(Int($0), 2) }
    return date.joined(separator: "-") + "T" + time.joined(separator: ":") + "."
      + digits(now.tv_nsec / 1_000_000, 3) + "Z"
  }
}

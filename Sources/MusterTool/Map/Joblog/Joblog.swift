import Glibc
import Synchronization

/// The file with a line for each command that is done; and the journal of `--resume`: it is only ever appended to, one
/// line after the other, so that what is cut at any byte is a joblog of fewer lines.
final class Joblog: Sendable {
  enum Mode: Sendable {
    case new
    case resume(repeatsFailed: Bool)
  }

  private let path: String
  private let descriptor: Int32
  private let failure = Mutex<MapError?>(nil)

  /// - Returns: with what earlier runs have done.
  /// - Throws: `MapError` for a file that cannot be used, is no joblog or is in use.
  static func open(_ path: String, _ mode: Mode) throws(MapError) -> (Joblog, Resumption) {
    let log = try Joblog(path)
    return (log, try log.begin(mode))
  }

  private init(_ path: String) throws(MapError) {
    self.path = path
    descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw MapError("cannot open the joblog \(path)", errno: errno) }
  }

  deinit { close(descriptor) }

  private func begin(_ mode: Mode) throws(MapError) -> Resumption {
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
      throw MapError("the joblog \(path) is in use by another muster map")
    }
    var resumption = Resumption()
    if case .resume(let repeatsFailed) = mode {
      let content = try content()
      guard let known = Resumption(content, repeatsFailed: repeatsFailed) else {
        throw MapError(
          "\(path) is not a joblog\(Self.position(in: content)): choose another path, or leave out --resume")
      }
      resumption = known
    }
    guard ftruncate(descriptor, off_t(resumption.validSize)) == 0 || errno == EINVAL else {
      throw MapError("cannot write the joblog \(path)", errno: errno)
    }
    if !resumption.hasHeading { try append(JoblogLine.heading.bytes) }
    return resumption
  }

  /// Adds whole lines; nothing more after a failure, which may have left a part of one.
  func append(_ lines: Bytes) throws(MapError) {
    let failure = failure.withLock { failure in
      guard failure == nil else { return failure }
      do throws(MapError) { try writeWhole(lines, to: descriptor, called: "the joblog \(path)") } catch {
        failure = error
      }
      return failure
    }
    if let failure { throw failure }
  }

  /// Which line behind the heading is none of a joblog, if that is what is wrong.
  private static func position(in content: Bytes) -> String {
    let lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    guard content.starts(with: JoblogLine.heading.utf8),
      let index = lines.indices.dropFirst().first(where: { JoblogLine(lines[$0]) == nil })
    else { return "" }
    return " (line \(index + 1))"
  }

  private func content() throws(MapError) -> Bytes {
    var bytes = Bytes()
    var chunk = Bytes(repeating: 0, count: 64 << 10)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count == 0 { return bytes }
      if count > 0 {
        bytes += chunk[..<count]
      } else if errno != EINTR {
        throw MapError("cannot read the joblog \(path)", errno: errno)
      }
    }
  }
}

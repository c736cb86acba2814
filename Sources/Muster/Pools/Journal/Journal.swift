import Glibc
import Synchronization

/// A file of finished items. Opened by one process at a time.
final class Journal: Sendable {
  private struct State: Sendable {
    var waiting: [UInt8] = []
    var isWriting = false
    var failure: ClusterError?
    /// Wait until everything is on the disk.
    var waiters: [UnsafeContinuation<Void, Never>] = []
  }

  /// What the file held when it was opened. Equal items of one map have one value each.
  let entries: [JournalKey: [[UInt8]]]
  let path: String
  private let descriptor: Int32
  private let state = Mutex(State())

  /// Opens a journal, or makes one.
  ///
  /// What the end of an earlier run has left of a record is cut off.
  ///
  /// - Throws: `ClusterError` `.invalidArgument` when it cannot be opened, is in use, or is something else.
  init(path: String) throws(ClusterError) {
    func problem(_ what: String) -> ClusterError { ClusterError(.invalidArgument, "the journal \(path) \(what)") }
    let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw problem("cannot be opened: \(describe(errno: errno))") }
    do throws(ClusterError) {
      // Before anything is read: its end may be in the making.
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        throw problem(
          errno == EWOULDBLOCK ? "is in use by another process" : "cannot be locked: \(describe(errno: errno))")
      }
      guard let file = Self.readAll(descriptor) else { throw problem("cannot be read: \(describe(errno: errno))") }
      guard let content = JournalFormat.read(file) else {
        throw problem("is no journal of Muster: choose another path")
      }
      guard Self.prepare(descriptor, content), Self.syncDirectory(of: path) else {
        throw problem("cannot be written: \(describe(errno: errno))")
      }
      entries = Dictionary(
        grouping: content.bodies.compactMap { JournalEntry(body: $0) }, by: \.key
      ).mapValues { $0.map(\.value) }
    } catch {
      close(descriptor)
      throw error
    }
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  // MARK: Writing

  /// Adds the result of an item; it is on the disk soon.
  func append(_ entry: JournalEntry, in cluster: Cluster) {
    let mustStart = state.withLock { state in
      guard state.failure == nil else { return false }
      state.waiting += JournalFormat.record(entry.body)
      defer { state.isWriting = true }
      return !state.isWriting
    }
    if mustStart { cluster.task { self.writeAll() } }
  }

  /// Waits until everything that was added is on the disk.
  ///
  /// - Throws: `ClusterError` `.journalFailed` when the disk is full, say.
  func sync() async throws {
    await withUnsafeContinuation { continuation in
      let mustWait = state.withLock { state in
        if state.isWriting { state.waiters.append(continuation) }
        return state.isWriting
      }
      if !mustWait { continuation.resume() }
    }
    if let failure { throw failure }
  }

  /// What has gone wrong with the disk.
  var failure: ClusterError? { state.withLock { $0.failure } }

  /// What comes while the disk is busy goes there together.
  private func writeAll() {
    while true {
      let bytes = state.withLock { state in
        defer { state.waiting = [] }
        return state.waiting
      }
      let isWritten = Self.write(bytes, to: descriptor) && fdatasync(descriptor) == 0
      let failure =
        isWritten
        ? nil : ClusterError(.journalFailed, "the journal \(path) cannot be written: \(describe(errno: errno))")
      let waiters = state.withLock { state -> [UnsafeContinuation<Void, Never>]? in
        if let failure {
          state.failure = failure
          state.waiting = []
        }
        guard state.waiting.isEmpty else { return nil }
        state.isWriting = false
        defer { state.waiters = [] }
        return state.waiters
      }
      guard let waiters else { continue }
      for waiter in waiters { waiter.resume() }
      return
    }
  }

  // MARK: The file

  private static func readAll(_ descriptor: Int32) -> [UInt8]? {
    let size = lseek(descriptor, 0, SEEK_END)
    guard size >= 0, lseek(descriptor, 0, SEEK_SET) == 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(size))
    var filled = 0
    while filled < bytes.count {
      let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress! + filled, $0.count - filled) }
      if count < 0, errno != EINTR { return nil }
      if count == 0 { break }
      filled += max(0, count)
    }
    return Array(bytes.prefix(filled))
  }

  /// Cuts off what is torn, and begins a new file.
  private static func prepare(_ descriptor: Int32, _ content: JournalFormat.Content) -> Bool {
    if content.isTorn, ftruncate(descriptor, content.validSize) != 0 { return false }
    if content.validSize == 0, !write(JournalFormat.head, to: descriptor) { return false }
    return fsync(descriptor) == 0
  }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written) }
      if count < 0, errno != EINTR { return false }
      written += max(0, count)
    }
    return true
  }

  /// So that the name of a new file is there after a crash, too.
  private static func syncDirectory(of path: String) -> Bool {
    let directory = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    // Some file systems refuse it for directories, and need it not.
    return fsync(descriptor) == 0 || errno == EINVAL
  }
}

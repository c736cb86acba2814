import CMuster
import Glibc
import Synchronization

/// Passes on what a worker writes, line by line, each line whole and marked with the worker's number, standard output
/// to standard output and standard error to standard error.
final class OutputForwarder: Sendable {
  private static let keptLines = 10

  private let prefix: [UInt8]
  private let engine: Engine
  private let cluster: Cluster
  fileprivate let writer: OutputWriter
  private let last = Mutex<[String]>([])
  private let streams = Mutex<[OutputStream]>([])

  /// - Parameters:
  ///   - prefix: what each line begins with.
  ///   - writer: where the lines go.
  init(prefix: String, engine: Engine, cluster: Cluster, writer: OutputWriter = .shared) {
    self.prefix = Array(prefix.utf8)
    self.engine = engine
    self.cluster = cluster
    self.writer = writer
  }

  convenience init(pid: ProcessID, engine: Engine, cluster: Cluster, writer: OutputWriter = .shared) {
    self.init(prefix: "From worker \(pid):\t", engine: engine, cluster: cluster, writer: writer)
  }

  /// The latest lines of either stream, for the explanation of a failure.
  var lastLines: [String] { last.withLock { $0 } }

  func start(standardOutput: Int32, standardError: Int32) {
    let made = [
      OutputStream(descriptor: standardOutput, isError: false, forwarder: self),
      OutputStream(descriptor: standardError, isError: true, forwarder: self),
    ]
    streams.withLock { $0 = made }
    for stream in made { try? engine.poller.add(stream, descriptor: stream.descriptor) }
  }

  /// The worker has ended: passes on what is left, then calls `done`.
  func finish(_ done: @escaping @Sendable () -> Void) {
    for stream in streams.withLock({ $0 }) { stream.finish() }
    writer.write([], isError: false, cluster, then: done)
  }

  fileprivate func forward(_ lines: [[UInt8]], isError: Bool) {
    guard !lines.isEmpty else { return }
    last.withLock { last in
      last += lines.suffix(Self.keptLines).map { String(decoding: $0, as: UTF8.self) }
      last.removeFirst(max(0, last.count - Self.keptLines))
    }
    let bytes = lines.flatMap { prefix + $0 + [UInt8(ascii: "\n")] }
    writer.write(bytes, isError: isError, cluster)
  }

  fileprivate func stop(_ stream: OutputStream) { engine.poller.remove(descriptor: stream.descriptor) }

  fileprivate func pause(_ stream: OutputStream) {
    engine.poller.setInterest(descriptor: stream.descriptor, input: false, output: false)
    writer.write([], isError: false, cluster) { [engine] in
      engine.poller.setInterest(descriptor: stream.descriptor, input: true, output: false)
    }
  }
}

/// One of a worker's standard streams.
private final class OutputStream: IOSource {
  let descriptor: Int32
  private let isError: Bool
  private let forwarder: OutputForwarder
  private let splitter = Mutex(LineSplitter())
  private let isEnded = Mutex(false)

  init(descriptor: Int32, isError: Bool, forwarder: OutputForwarder) {
    self.descriptor = descriptor
    self.isError = isError
    self.forwarder = forwarder
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
  }

  deinit { close(descriptor) }

  func readable() -> Bool {
    if readOnce() == .over { end() } else if forwarder.writer.isBehind { forwarder.pause(self) }
    return true
  }

  /// The process has ended: everything it wrote is here already, no more than a pipe holds (pipe(7): a MiB at most). A child
  /// of its own may hold the pipe open for longer, and go on writing.
  func finish() {
    for _ in 0..<32 where !isEnded.withLock({ $0 }) {
      if readOnce() != .more { end() }
    }
    end()
  }

  private func end() {
    let isFirst = isEnded.withLock { isEnded in
      defer { isEnded = true }
      return !isEnded
    }
    guard isFirst else { return }
    forwarder.stop(self)
    if let rest = splitter.withLock({ $0.finish() }) { forwarder.forward([rest], isError: isError) }
  }

  private enum Progress { case more, nothingNow, over }

  private func readOnce() -> Progress {
    withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 16) { buffer in
      let count = read(descriptor, buffer.baseAddress!, buffer.count)
      if count > 0 {
        let lines = splitter.withLock { $0.add(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
        forwarder.forward(lines, isError: isError)
        return .more
      }
      if count == 0 { return .over }
      return errno == EINTR ? .more : errno == EAGAIN ? .nothingNow : .over
    }
  }
}

/// Passes on what was written, in order and never on the thread that polls, because that may block.
final class OutputWriter: Sendable {
  /// To our own standard streams.
  static let shared = OutputWriter { bytes, isError in
    bytes.withUnsafeBytes { muster_write_stream(isError, $0.baseAddress!, $0.count) }
  }
  private static let limit = 4 << 20

  private struct Item: Sendable {
    let bytes: [UInt8]
    let isError: Bool
    let done: (@Sendable () -> Void)?
  }

  private struct State: Sendable {
    var items: [Item] = []
    var byteCount = 0
    var isWriting = false
  }

  private let deliver: @Sendable (_ bytes: [UInt8], _ isError: Bool) async -> Void
  private let state = Mutex(State())

  init(deliver: @escaping @Sendable (_ bytes: [UInt8], _ isError: Bool) async -> Void) { self.deliver = deliver }

  /// More is waiting than should.
  var isBehind: Bool { state.withLock { $0.byteCount > Self.limit } }

  func write(_ bytes: [UInt8], isError: Bool, _ cluster: Cluster, then done: (@Sendable () -> Void)? = nil) {
    let mustStart = state.withLock { state in
      state.items.append(Item(bytes: bytes, isError: isError, done: done))
      state.byteCount += bytes.count
      defer { state.isWriting = true }
      return !state.isWriting
    }
    if mustStart { cluster.task { await self.writeAll() } }
  }

  /// Returns when it has been written: whoever waits makes no more than is taken.
  func writeAndWait(_ bytes: [UInt8], isError: Bool, _ cluster: Cluster) async {
    await withUnsafeContinuation { continuation in
      write(bytes, isError: isError, cluster) { continuation.resume() }
    }
  }

  private func writeAll() async {
    while true {
      let items = state.withLock { state in
        let items = state.items
        state.items = []
        state.byteCount = 0
        state.isWriting = !items.isEmpty
        return items
      }
      if items.isEmpty { return }
      for item in items {
        if !item.bytes.isEmpty { await deliver(item.bytes, item.isError) }
        item.done?()
      }
    }
  }
}

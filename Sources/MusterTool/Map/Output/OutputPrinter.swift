import Glibc
import Muster
import Synchronization

/// Writes what commands have written, one command after the other, and then that they are done to the joblog.
final class OutputPrinter: Sendable {
  /// More that waits to be written goes to a file.
  private static let mostInMemory = 16 << 20

  private struct State {
    var order: OutputOrder
    var isWriting = false
    var inMemory = 0
    var failure: MapError?
    var waiter: UnsafeContinuation<Void, Never>?
  }

  let spill = SpillFile()
  private let tags: Bool
  private let joblog: Joblog?
  private let progress: ProgressLine?
  private let state: Mutex<State>

  init(keepsOrder: Bool, tags: Bool, joblog: Joblog?, progress: ProgressLine?) {
    self.tags = tags
    self.joblog = joblog
    self.progress = progress
    state = Mutex(State(order: OutputOrder(keepsOrder: keepsOrder)))
  }

  /// What has gone wrong: standard output or the joblog cannot be written.
  var failure: MapError? { state.withLock { $0.failure } }

  func add(_ finished: FinishedCommand) throws(MapError) {
    var finished = finished
    let count = finished.output.memory + finished.errors.memory
    let isTooMuch = state.withLock { state in
      let isTooMuch = count > 0 && state.inMemory + count > Self.mostInMemory
      if !isTooMuch { state.inMemory += count }
      return isTooMuch
    }
    if isTooMuch {
      finished.output = try toFile(finished.output)
      finished.errors = try toFile(finished.errors)
    }
    change { [finished] in $0.add(finished) }
  }

  /// There will be no output of this command.
  func skip(_ sequence: Int) { change { $0.skip(sequence) } }

  /// Writes the rest; returns when all is out.
  func finish() async throws {
    change { $0.finish() }
    await withUnsafeContinuation { continuation in
      let isDone = state.withLock { state in
        if state.isWriting { state.waiter = continuation }
        return !state.isWriting
      }
      if isDone { continuation.resume() }
    }
    if let failure { throw failure }
  }

  private func toFile(_ held: HeldOutput) throws(MapError) -> HeldOutput {
    guard case .memory(let bytes) = held, !bytes.isEmpty else { return held }
    var extent = SpillFile.Extent()
    try spill.append(bytes, to: &extent)
    return .file(extent)
  }

  private func change(_ body: (inout OutputOrder) -> Void) {
    let mustStart = state.withLock { state in
      body(&state.order)
      guard !state.order.isEmpty, !state.isWriting, state.failure == nil else { return false }
      state.isWriting = true
      return true
    }
    if mustStart { Task.onCluster { [self] in writeAll() } }
  }

  // MARK: Writing

  private func writeAll() {
    while true {
      let (ready, waiter) = state.withLock { state in
        let ready = state.failure == nil ? state.order.takeReady() : []
        guard ready.isEmpty else { return (ready, UnsafeContinuation<Void, Never>?.none) }
        state.isWriting = false
        return (ready, state.waiter.take())
      }
      waiter?.resume()
      if ready.isEmpty { return }
      do throws(MapError) {
        try write(ready)
      } catch {
        state.withLock { $0.failure = error }
      }
    }
  }

  /// What goes to the same descriptor leaves together.
  private func write(_ ready: [FinishedCommand]) throws(MapError) {
    var batch = OutputBatch(progress)
    var logged = Bytes()
    var memory = 0
    for finished in ready {
      memory += finished.output.memory + finished.errors.memory
      try write(finished.output, of: finished, to: STDOUT_FILENO, &batch)
      try write(finished.errors, of: finished, to: STDERR_FILENO, &batch)
      if let line = finished.log { logged += line.bytes }
    }
    try batch.flush()
    try joblog?.append(logged)
    state.withLock { $0.inMemory -= memory }
  }

  private func write(
    _ held: HeldOutput, of finished: FinishedCommand, to descriptor: Int32, _ batch: inout OutputBatch
  ) throws(MapError) {
    var tagger = tags ? LineTagger(arguments: finished.arguments) : LineTagger([])
    switch held {
    case .memory(let bytes): try batch.add(tagger(bytes), to: descriptor)
    case .file(let extent):
      for block in 0..<extent.blockCount { try batch.add(tagger(try spill.read(extent, block: block)), to: descriptor) }
      spill.release(extent)
    }
  }
}

/// Gathers what goes to one descriptor.
private struct OutputBatch {
  private static let most = 256 << 10

  private let progress: ProgressLine?
  private var descriptor: Int32 = STDOUT_FILENO
  private var bytes = Bytes()

  init(_ progress: ProgressLine?) { self.progress = progress }

  mutating func add(_ new: Bytes, to descriptor: Int32) throws(MapError) {
    guard !new.isEmpty else { return }
    if descriptor != self.descriptor || bytes.count > Self.most { try flush() }
    self.descriptor = descriptor
    bytes += new
  }

  mutating func flush() throws(MapError) {
    guard !bytes.isEmpty else { return }
    let name = descriptor == STDOUT_FILENO ? "standard output" : "standard error"
    if let progress {
      try progress.write(bytes, to: descriptor, called: name)
    } else {
      try writeWhole(bytes, to: descriptor, called: name)
    }
    bytes.removeAll(keepingCapacity: true)
  }
}

/// Writes all of it.
///
/// - Throws: `MapError`.
func writeWhole(_ bytes: Bytes, to descriptor: Int32, called name: String) throws(MapError) {
  var written = 0
  while written < bytes.count {
    let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + written, $0.count - written) }
    if count >= 0 {
      written += count
    } else if errno == EAGAIN {
      // A terminal that another program has made so.
      var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      poll(&polled, 1, -1)
    } else if errno != EINTR {
      throw MapError("cannot write \(name)", errno: errno)
    }
  }
}

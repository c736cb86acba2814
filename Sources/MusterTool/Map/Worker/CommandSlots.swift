import Dispatch
import Glibc
import Muster
import Synchronization

/// Runs the commands of a map in a worker: so many at once, each by a thread of its own, which waits for it. Others wait
/// in a queue, and are given back when that takes long.
final class CommandSlots: Sendable {
  struct Settings: Codable, Sendable {
    var shell: String
    var slots: Int
    /// The number of the first slot: no two commands of a map that run at the same time have the same.
    var firstSlot: Int
    /// In seconds.
    var timeout: Double?
  }

  /// How long a command may wait here while another worker may be free.
  private static let patience: Duration = .milliseconds(50)

  private struct Waiting {
    let order: CommandOrder
    let since: ContinuousClock.Instant
    let continuation: UnsafeContinuation<CommandOutcome, any Error>
  }

  private struct State {
    var waiting: [Waiting] = []
    var running: [Int: CommandProcess] = [:]
    var isOver = false
    var isWatched = false
  }

  let spill = SpillFile()
  let kept = Mutex<[Int: SpillFile.Extent]>([:])
  private let settings: Settings
  private let environment: CommandEnvironment
  private let commandGuard: CommandGuard
  private let state = Mutex(State())
  private let work = DispatchSemaphore(value: 0)
  private let keptCount = Atomic<Int>(0)

  /// - Throws: `MapError`.
  init(_ settings: Settings) throws(MapError) {
    self.settings = settings
    // Where it is ignored, as whoever started us may have left it, the end of a command cannot be seen.
    signal(SIGCHLD, SIG_DFL)
    CloseOnExec.markAll()
    commandGuard = try CommandGuard()
    environment = try CommandEnvironment(guardName: commandGuard.name, shell: settings.shell)
    for slot in 0..<settings.slots {
      try Self.startThread { [self] in serve(settings.firstSlot + slot) }
    }
  }

  /// Runs a command when a slot is free.
  ///
  /// - Throws: `MapError` when it cannot be started, or its output not be kept.
  func run(_ order: CommandOrder) async throws -> CommandOutcome {
    try await withUnsafeThrowingContinuation { continuation in
      let mustWatch = state.withLock { state in
        if state.isOver {
          continuation.resume(returning: CommandOutcome(fate: .notStarted))
          return false
        }
        state.waiting.append(Waiting(order: order, since: .now, continuation: continuation))
        work.signal()
        defer { state.isWatched = true }
        return !state.isWatched
      }
      if mustWatch { Task.onCluster { [self] in try await watch() } }
    }
  }

  /// Starts nothing more.
  ///
  /// - Parameter kills: what runs ends, too.
  func stop(kills: Bool) {
    let (waiting, running) = state.withLock { state in
      state.isOver = true
      defer { state.waiting = [] }
      return (state.waiting, kills ? Array(state.running.values) : [])
    }
    for one in waiting { one.continuation.resume(returning: CommandOutcome(fate: .notStarted)) }
    for command in running { command.end(.stopped) }
  }

  /// All is done: what commands have left behind on purpose may stay.
  func dismiss() { commandGuard.dismiss() }

  // MARK: Waiting

  /// Gives back what has waited for long, as long as anything waits.
  private func watch() async throws {
    while true {
      try await Task.sleep(for: Self.patience)
      let now = ContinuousClock.now
      let late = state.withLock { state -> [Waiting]? in
        guard !state.waiting.isEmpty else {
          state.isWatched = false
          return nil
        }
        let late = state.waiting.filter { now - $0.since >= Self.patience }
        state.waiting.removeFirst(late.count)
        return late
      }
      guard let late else { return }
      for one in late { one.continuation.resume(returning: CommandOutcome(fate: .notStarted)) }
    }
  }

  // MARK: Running

  private func serve(_ slot: Int) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: SpillFile.blockSize, alignment: 16)
    while true {
      work.wait()
      // It may have been given back.
      guard let next = state.withLock({ $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }) else { continue }
      do throws(MapError) {
        next.continuation.resume(returning: try run(next.order, slot, buffer))
      } catch {
        next.continuation.resume(throwing: error)
      }
    }
  }

  private func run(
    _ order: CommandOrder, _ slot: Int, _ buffer: UnsafeMutableRawBufferPointer
  ) throws(MapError) -> CommandOutcome {
    var output = try Capture()
    var errors = try Capture()
    var outcome = CommandOutcome(fate: .ended, start: Self.now(), slot: slot)
    let start = ContinuousClock.now
    let command = try CommandProcess(
      order.text.inSlot(slot), shell: settings.shell,
      environment: environment.of(sequence: order.sequence, slot: slot), output: output.writer, errors: errors.writer)
    output.closeWriter()
    errors.closeWriter()
    let isOver = state.withLock { state in
      state.running[slot] = command
      return state.isOver
    }
    // Whoever stopped everything has not seen this one.
    if isOver { command.end(.stopped) }
    let timer = settings.timeout.map { timeout in
      Task.onCluster {
        try await Task.sleep(for: .seconds(timeout))
        command.end(.timedOut)
      }
    }
    (outcome.status, outcome.fate) = command.waitForExit(&output, &errors, through: buffer, spill)
    timer?.cancel()
    outcome.runtime = Double((ContinuousClock.now - start) / .nanoseconds(1)) * 1e-9
    state.withLock { $0.running[slot] = nil }
    outcome.output = try keep(output)
    outcome.errors = try keep(errors)
    return outcome
  }

  private func keep(_ capture: borrowing Capture) throws(MapError) -> CapturedOutput {
    if let failure = capture.failure { throw failure }
    guard let extent = capture.extent else { return CapturedOutput(bytes: capture.bytes, size: capture.bytes.count) }
    let id = keptCount.add(1, ordering: .relaxed).newValue
    kept.withLock { $0[id] = extent }
    return CapturedOutput(kept: id, blocks: extent.blockCount, size: extent.size)
  }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// A thread that is there as long as the process. Not a task, which must not wait for a process.
  private static func startThread(_ body: @escaping @Sendable () -> Void) throws(MapError) {
    var thread = pthread_t()
    let box = Unmanaged.passRetained(ThreadBody(body))
    let result = pthread_create(
      &thread, nil,
      { box in
        Unmanaged<ThreadBody>.fromOpaque(box!).takeRetainedValue().body()
        return nil
      }, box.toOpaque())
    guard result == 0 else {
      box.release()
      throw MapError("cannot start a thread", errno: result)
    }
    pthread_detach(thread)
  }
}

private final class ThreadBody: Sendable {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

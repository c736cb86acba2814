import CMuster
import Glibc
import Synchronization

/// What happens in a run, kept in a file. Off until somebody asks for it, and then of process 1 only.
///
/// Whoever records adds a value to a buffer; a thread of the log's own makes lines of them and writes, at least once a
/// second. A file system that hangs delays nobody: what does not fit into the buffer is counted, and dropped.
final class EventLog: Sendable {
  /// Between two looks at the traffic, in nanoseconds, and how many of them there are for one at the memory.
  private static let period: UInt64 = 1_000_000_000
  private static let looksPerMemory = 5

  private struct State: Sendable {
    var buffer = EventBuffer()
    var hasBegun = false
    var isOver = false
    /// The thread has been told that there is something to do.
    var isAwake = false
    var traffic: [ProcessID: Traffic] = [:]
  }

  private let state = Mutex(State())
  private let on = Atomic<Bool>(false)
  private let crowded = Atomic<Bool>(false)
  private let maps = Atomic<Int>(0)
  private let wake = Gate()
  private let written = Promise<Bool>()

  var isOn: Bool { on.load(ordering: .relaxed) }
  var isCrowded: Bool { crowded.load(ordering: .relaxed) }

  /// Notes an event, which is not even made where nobody wants it.
  @inline(__always)
  func record(_ event: @autoclosure () -> Event) {
    if isOn { add(event()) }
  }

  private func add(_ event: Event) {
    let time = muster_now()
    let mustWake = state.withLock { state in
      guard !state.isOver else { return false }
      state.buffer.add(event, at: time)
      if state.buffer.isCrowded { crowded.store(true, ordering: .relaxed) }
      guard event.isUrgent || state.buffer.isCrowded, !state.isAwake else { return false }
      state.isAwake = true
      return true
    }
    if mustWake { wake.open() }
  }

  /// The number of a new map; 0 where nobody wants to know.
  func nextMap() -> Int { isOn ? maps.wrappingAdd(1, ordering: .relaxed).newValue : 0 }

  /// Whether the traffic of a process is another than when this was last asked.
  func isNews(_ traffic: Traffic, of pid: ProcessID) -> Bool {
    state.withLock { $0.traffic.updateValue(traffic, forKey: pid) != traffic }
  }

  // MARK: Beginning and end

  /// Also when it is over.
  var hasBegun: Bool { state.withLock { $0.hasBegun } }

  /// Begins to record.
  ///
  /// - Parameters:
  ///   - job: the batch job that the program runs in.
  ///   - look: called once a second, on the thread of the log, to record what can only be asked for; every fifth time for
  ///     the memory, too.
  ///   - complain: gets a sentence when the file cannot be written any more.
  /// - Returns: false if it has begun before.
  func begin(
    _ file: EventFile, job: String?, look: @escaping @Sendable (_ alsoMemory: Bool) -> Void,
    complain: @escaping @Sendable (String) -> Void
  ) -> Bool {
    let isFirst = state.withLock { state in
      defer { state.hasBegun = true }
      return !state.hasBegun
    }
    guard isFirst else { return false }
    let start = muster_now()
    on.store(true, ordering: .relaxed)
    Thread.start(name: "muster-events") { [self] in
      var isWritable = file.write(EventFile.heading(job: job))
      write(since: start, look) { lines in
        guard isWritable else { return }
        isWritable = file.write(lines)
        if !isWritable { complain("the event log \(file.path) cannot be written: \(describe(errno: errno))") }
      }
      written.fulfil(.success(true))
    }
    return true
  }

  private func write(since start: UInt64, _ look: (Bool) -> Void, _ append: ([UInt8]) -> Void) {
    var nextLook = start &+ Self.period
    var looks = 0
    while true {
      let now = muster_now()
      wake.wait(atMost: .nanoseconds(Int64(nextLook > now ? nextLook - now : 0)))
      let (entries, isOver) = state.withLock { state in
        state.isAwake = false
        return (state.buffer.take(now: muster_now()), state.isOver)
      }
      crowded.store(false, ordering: .relaxed)
      append(entries.reduce(into: []) { $0 += $1.event.line(at: $1.time, since: start) })
      if isOver { return }
      guard muster_now() >= nextLook else { continue }
      nextLook = muster_now() &+ Self.period
      looks += 1
      look(looks % Self.looksPerMemory == 0)
    }
  }

  /// Ends the log; returns when everything is in the file, or the file system has hung for a while.
  func end(on engine: Engine, patience: Duration = .seconds(5)) async {
    guard isOn else { return }
    record(.end)
    on.store(false, ordering: .relaxed)
    state.withLock { $0.isOver = true }
    wake.open()
    _ = await written.value(within: patience, engine)
  }
}

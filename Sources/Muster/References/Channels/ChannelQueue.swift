import DequeModule

/// What a channel with a buffer is: its values and those who wait, as a plain value.
///
/// A value taken for another process stays here, handed out, until that process says that it has it. When the process
/// is lost first, or does not want the value any more, the value goes back to where it was, before all others.
struct ChannelQueue<Waiter: Sendable>: Sendable {
  typealias Operation = ChannelOperation

  /// Who is to be told what.
  typealias Wakeups = [(waiter: Waiter, outcome: Result<any Sendable, any Error>)]

  private struct Waiting: Sendable {
    let waiter: Waiter
    /// From another process.
    let receipt: Receipt?
    var value: (any Sendable)?
  }

  private struct HandedOut: Sendable {
    /// In which order the values were handed out.
    let number: UInt64
    let value: any Sendable
  }

  let capacity: Int
  private(set) var isOpen = true
  private var values = Deque<any Sendable>()
  private var puts = WaitQueue<Waiting>()
  private var takes = WaitQueue<Waiting>()
  private var fetches = WaitQueue<Waiting>()
  private var handedOut: [Receipt: HandedOut] = [:]
  private var lastNumber: UInt64 = 0

  /// - Parameter capacity: values that it takes before somebody takes them; 0 hands each from one task to another.
  init(capacity: Int) { self.capacity = capacity }

  /// Whether there is a value to be taken.
  var isReady: Bool { !values.isEmpty || !puts.isEmpty }

  var handedOutCount: Int { handedOut.count }

  private var first: (any Sendable)? { values.first ?? puts.first?.value }

  /// Nobody will ever put a value, nor can one come back.
  private var isOver: Bool { !isOpen && !isReady && handedOut.isEmpty }

  mutating func nextNumber() -> UInt64 {
    lastNumber += 1
    return lastNumber
  }

  // MARK: Put, take, fetch

  /// Does it if that is possible now.
  ///
  /// - Returns: the value taken or fetched, something after a put; `nil` when one has to wait.
  mutating func attempt(
    _ operation: Operation, for receipt: Receipt?, _ wakeups: inout Wakeups
  ) throws(ClusterError) -> (any Sendable)? {
    switch operation {
    case .put(let value):
      guard isOpen else { throw .channelClosed }
      if accept(value, &wakeups) { return true }
      return nil
    case .take:
      if let value = takeFirst(&wakeups) {
        if let receipt { handedOut[receipt] = HandedOut(number: nextNumber(), value: value) }
        return value
      }
    case .fetch:
      if let first { return first }
    }
    if isOver { throw .channelClosed }
    return nil
  }

  /// Waits, after `attempt` has returned nothing.
  mutating func wait(
    _ operation: Operation, _ waiter: Waiter, number: UInt64, for receipt: Receipt?, _ wakeups: inout Wakeups
  ) {
    var waiting = Waiting(waiter: waiter, receipt: receipt)
    switch operation {
    case .put(let value):
      waiting.value = value
      puts.append(waiting, number: number)
      tellFetches(&wakeups)
    case .take: takes.append(waiting, number: number)
    case .fetch: fetches.append(waiting, number: number)
    }
  }

  /// Somebody who waits does not any more. Returns who; `nil` when it has been woken.
  mutating func leave(_ operation: Operation, number: UInt64) -> Waiter? {
    switch operation {
    case .put: puts.remove(number)?.waiter
    case .take: takes.remove(number)?.waiter
    case .fetch: fetches.remove(number)?.waiter
    }
  }

  private mutating func accept(_ value: any Sendable, _ wakeups: inout Wakeups) -> Bool {
    guard !takes.isEmpty || (puts.isEmpty && values.count < capacity) else { return false }
    values.append(value)
    serve(&wakeups)
    return true
  }

  private mutating func takeFirst(_ wakeups: inout Wakeups) -> (any Sendable)? {
    let value = values.popFirst()
    if let value {
      while values.count < capacity, let put = puts.popFirst() {
        values.append(put.value!)
        wakeups.append((put.waiter, .success(true)))
      }
      return value
    }
    guard let put = puts.popFirst() else { return nil }
    wakeups.append((put.waiter, .success(true)))
    return put.value
  }

  /// There are values: those who wait for some get them.
  private mutating func serve(_ wakeups: inout Wakeups) {
    tellFetches(&wakeups)
    while !values.isEmpty, let take = takes.popFirst() {
      let value = takeFirst(&wakeups)!
      if let receipt = take.receipt { handedOut[receipt] = HandedOut(number: nextNumber(), value: value) }
      wakeups.append((take.waiter, .success(value)))
    }
  }

  private mutating func tellFetches(_ wakeups: inout Wakeups) {
    guard let first else { return }
    while let fetch = fetches.popFirst() { wakeups.append((fetch.waiter, .success(first))) }
  }

  // MARK: Other processes

  /// The process has the value.
  mutating func acknowledge(_ receipt: Receipt, _ wakeups: inout Wakeups) {
    handedOut[receipt] = nil
    endIfOver(&wakeups)
  }

  /// The process does not want it any more, whatever it has asked for.
  mutating func cancel(_ receipt: Receipt, _ wakeups: inout Wakeups) {
    if let handed = handedOut.removeValue(forKey: receipt) { return giveBack([handed], &wakeups) }
    leave(where: { $0.receipt == receipt }, &wakeups)
  }

  /// The process has gone.
  mutating func lose(_ pid: ProcessID, _ wakeups: inout Wakeups) {
    leave(where: { $0.receipt?.process == pid }, &wakeups)
    let lost = handedOut.filter { $0.key.process == pid }
    for receipt in lost.keys { handedOut[receipt] = nil }
    giveBack(lost.values.sorted { $0.number < $1.number }, &wakeups)
  }

  private mutating func giveBack(_ handed: [HandedOut], _ wakeups: inout Wakeups) {
    values.prepend(contentsOf: handed.map(\.value))
    serve(&wakeups)
    endIfOver(&wakeups)
  }

  private mutating func leave(where condition: (Waiting) -> Bool, _ wakeups: inout Wakeups) {
    let gone =
      puts.removeAll(where: condition) + takes.removeAll(where: condition) + fetches.removeAll(where: condition)
    for waiting in gone { wakeups.append((waiting.waiter, .failure(CancellationError()))) }
  }

  // MARK: The end

  mutating func close(_ wakeups: inout Wakeups) {
    guard isOpen else { return }
    isOpen = false
    while let put = puts.popFirst() { wakeups.append((put.waiter, .failure(ClusterError.channelClosed))) }
    endIfOver(&wakeups)
  }

  private mutating func endIfOver(_ wakeups: inout Wakeups) {
    guard isOver else { return }
    while let take = takes.popFirst() { wakeups.append((take.waiter, .failure(ClusterError.channelClosed))) }
    while let fetch = fetches.popFirst() { wakeups.append((fetch.waiter, .failure(ClusterError.channelClosed))) }
  }
}

/// Names one operation of one process on a channel elsewhere.
struct Receipt: Hashable, Codable, Sendable {
  let process: ProcessID
  let number: UInt64

  /// The number alone tells almost all apart.
  func hash(into hasher: inout Hasher) { hasher.combine(number) }
}

extension ClusterError {
  static var channelClosed: ClusterError {
    ClusterError(.channelClosed, "the channel is closed: nothing can be put any more, and all that was put is taken")
  }
}

import DequeModule

/// What a channel with a buffer is: its values and those who wait, as a plain value.
///
/// A value taken for another process stays here, handed out, until that process says that it has it. When the process
/// is lost first, or does not want the value any more, the value goes back to where it was, before all others.
///
/// A taker that goes through the values one after the other may have several lent. They stay in the channel, and take
/// room, until it says how far it has come; and nobody else takes or looks at any before it has given the rest back,
/// for which it is asked at once. So all is as if it had taken one at a time.
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

  private struct Loan: Sendable {
    let receipt: Receipt
    /// Those that it has not taken yet, as far as is known here.
    var values: Deque<any Sendable>
    var takenCount = 0
    var isRecalled = false
    /// Older values that have come back from others meanwhile.
    var returned: [any Sendable] = []
  }

  let capacity: Int
  private(set) var isOpen = true
  private var values = Deque<any Sendable>()
  private var puts = WaitQueue<Waiting>()
  private var takes = WaitQueue<Waiting>()
  private var fetches = WaitQueue<Waiting>()
  /// Those who want to know whether there are values, which only the borrower knows.
  private var looks = WaitQueue<Waiting>()
  private var loan: Loan?
  /// The loan that has been wanted back since this was last asked.
  private var recall: Receipt?
  private var handedOut: [Receipt: HandedOut] = [:]
  private var lastNumber: UInt64 = 0

  /// - Parameter capacity: values that it takes before somebody takes them; 0 hands each from one task to another.
  init(capacity: Int) { self.capacity = capacity }

  /// Whether there is a value to be taken, apart from what is lent.
  var isReady: Bool { !values.isEmpty || !puts.isEmpty }

  /// Values that other processes have and have not acknowledged.
  var handedOutCount: Int { handedOut.count + (loan?.values.count ?? 0) }

  private var hasRoom: Bool { values.count < capacity - (loan?.values.count ?? 0) }

  private var first: (any Sendable)? { values.first ?? puts.first?.value }

  /// Nobody will ever put a value, nor can one come back.
  private var isOver: Bool { !isOpen && !isReady && handedOut.isEmpty && loan == nil }

  mutating func nextNumber() -> UInt64 {
    lastNumber += 1
    return lastNumber
  }

  // MARK: Put, take, fetch

  /// Does it if that is possible now.
  ///
  /// - Returns: the value taken or fetched, whether there is one after a look, something after a put; `nil` when one has
  ///   to wait.
  mutating func attempt(
    _ operation: Operation, for receipt: Receipt?, _ wakeups: inout Wakeups
  ) throws(ClusterError) -> (any Sendable)? {
    if case .put(let value) = operation {
      guard isOpen else { throw .channelClosed }
      return accept(value, &wakeups) ? true : nil
    }
    guard loan == nil else {
      recallLoan()
      return nil
    }
    switch operation {
    case .take:
      if let value = takeFirst(&wakeups) {
        if let receipt { handedOut[receipt] = HandedOut(number: nextNumber(), value: value) }
        return value
      }
    case .fetch:
      if let first { return first }
    case .put, .look: return isReady
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
    case .look: looks.append(waiting, number: number)
    }
  }

  /// Somebody who waits does not any more. Returns who; `nil` when it has been woken.
  mutating func leave(_ operation: Operation, number: UInt64) -> Waiter? {
    switch operation {
    case .put: puts.remove(number)?.waiter
    case .take: takes.remove(number)?.waiter
    case .fetch: fetches.remove(number)?.waiter
    case .look: looks.remove(number)?.waiter
    }
  }

  private mutating func accept(_ value: any Sendable, _ wakeups: inout Wakeups) -> Bool {
    guard (!takes.isEmpty && loan == nil) || (puts.isEmpty && hasRoom) else { return false }
    values.append(value)
    serve(&wakeups)
    return true
  }

  private mutating func takeFirst(_ wakeups: inout Wakeups) -> (any Sendable)? {
    let value = values.popFirst()
    if let value {
      refill(&wakeups)
      return value
    }
    guard let put = puts.popFirst() else { return nil }
    wakeups.append((put.waiter, .success(true)))
    return put.value
  }

  /// There is room: values that wait for it move up.
  private mutating func refill(_ wakeups: inout Wakeups) {
    while hasRoom, let put = puts.popFirst() {
      values.append(put.value!)
      wakeups.append((put.waiter, .success(true)))
    }
  }

  /// There are values: those who wait for some get them.
  private mutating func serve(_ wakeups: inout Wakeups) {
    guard loan == nil else { return }
    tellFetches(&wakeups)
    while isReady, let take = takes.popFirst() {
      let value = takeFirst(&wakeups)!
      if let receipt = take.receipt { handedOut[receipt] = HandedOut(number: nextNumber(), value: value) }
      wakeups.append((take.waiter, .success(value)))
    }
  }

  private mutating func tellFetches(_ wakeups: inout Wakeups) {
    guard loan == nil, let first else { return }
    while let fetch = fetches.popFirst() { wakeups.append((fetch.waiter, .success(first))) }
  }

  // MARK: Loans

  /// Lends several values, if there are and nobody else wants any; otherwise `attempt`s to take one.
  ///
  /// - Returns: `nil` when one has to wait.
  mutating func lend(
    _ limit: Int, to receipt: Receipt, _ wakeups: inout Wakeups
  ) throws(ClusterError) -> [any Sendable]? {
    let count = min(limit, values.count)
    guard count > 1, loan == nil else { return try attempt(.take, for: receipt, &wakeups).map { [$0] } }
    let lent = Array(values.prefix(count))
    values.removeFirst(count)
    loan = Loan(receipt: receipt, values: Deque(lent))
    return lent
  }

  /// The borrower has taken so many in all.
  mutating func acknowledge(_ receipt: Receipt, count: Int, _ wakeups: inout Wakeups) {
    guard let lent = loan, lent.receipt == receipt else { return acknowledge(receipt, &wakeups) }
    let newCount = count - lent.takenCount
    guard newCount > 0, newCount <= lent.values.count else { return }
    loan!.values.removeFirst(newCount)
    loan!.takenCount = count
    if newCount == lent.values.count { endLoan(&wakeups) } else { refill(&wakeups) }
  }

  /// The loan that is wanted back, once.
  mutating func takeRecall() -> Receipt? { recall.take() }

  private mutating func recallLoan() {
    guard let lent = loan, !lent.isRecalled else { return }
    loan!.isRecalled = true
    recall = lent.receipt
  }

  private mutating func endLoan(_ wakeups: inout Wakeups) {
    guard let ended = loan.take() else { return }
    recall = nil
    values.prepend(contentsOf: ended.values)
    values.prepend(contentsOf: ended.returned)
    refill(&wakeups)
    while let look = looks.popFirst() { wakeups.append((look.waiter, .success(isReady))) }
    if isReady { serve(&wakeups) }
    endIfOver(&wakeups)
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
    if loan?.receipt == receipt { return endLoan(&wakeups) }
    leave(where: { $0.receipt == receipt }, &wakeups)
  }

  /// The process has gone.
  mutating func lose(_ pid: ProcessID, _ wakeups: inout Wakeups) {
    leave(where: { $0.receipt?.process == pid }, &wakeups)
    let lost = handedOut.filter { $0.key.process == pid }
    for receipt in lost.keys { handedOut[receipt] = nil }
    giveBack(lost.values.sorted { $0.number < $1.number }, &wakeups)
    // Behind those, which it had been handed before.
    if loan?.receipt.process == pid { endLoan(&wakeups) }
  }

  private mutating func giveBack(_ handed: [HandedOut], _ wakeups: inout Wakeups) {
    if loan != nil {
      loan!.returned.insert(contentsOf: handed.map(\.value), at: 0)
      return recallLoan()
    }
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

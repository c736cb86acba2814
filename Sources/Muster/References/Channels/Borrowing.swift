import CMuster
import Synchronization

/// Values of a channel elsewhere that were lent to a loop of this process, which takes them one after the other.
///
/// Each is this process's as soon as it is taken, and the owner is told so before the loop goes on. The owner asks for
/// the rest when somebody else wants a value. Not generic, so that taking one looks up no type metadata.
final class Borrowing: Sendable {
  private struct State: Sendable {
    var hasArrived = false
    /// The place of the next value, and the place behind the last.
    var next = 0
    var end = 0
    var isRecalled = false
    var lastFlush: UInt64 = 0
  }

  /// What a loop that never suspends has taken is told to the owner after so many nanoseconds at the latest.
  private static let flushInterval: UInt64 = 50_000

  private let call: ChannelCall
  private let link: Link
  private let cluster: Cluster
  private let acknowledgement: FunctionEntry
  private let state = Mutex(State())

  /// To be made before the owner is asked: it may want the values back before they have arrived.
  init(_ call: ChannelCall, over link: Link, _ cluster: Cluster, acknowledgement: FunctionEntry) {
    self.call = call
    self.link = link
    self.cluster = cluster
    self.acknowledgement = acknowledgement
    cluster.borrowings.withLock { $0[call.receipt.number] = self }
  }

  /// Whether the owner has wanted the values back.
  var isRecalled: Bool { state.withLock { $0.isRecalled } }

  /// The values have come, and the first of them is taken.
  func arrive(_ count: Int) throws {
    try state.withLock { state in
      state.hasArrived = true
      state.end = count
      state.lastFlush = muster_now()
      _ = try take(&state)
      if state.isRecalled { returnRest(&state) }
    }
  }

  /// Takes the next value.
  ///
  /// - Returns: its place; `nil` when none is left.
  /// - Throws: `ProcessExitedError` when the owner has gone, which means that it has lent nothing.
  func takeNext() throws -> Int? {
    let (place, mustFlush) = try state.withLock { state -> (Int?, Bool) in
      guard state.next < state.end else { return (nil, false) }
      let place = try take(&state)
      let now = muster_now()
      guard now &- state.lastFlush > Self.flushInterval else { return (place, false) }
      state.lastFlush = now
      return (place, true)
    }
    if mustFlush { link.flush() }
    return place
  }

  private func take(_ state: inout State) throws -> Int {
    let place = state.next
    try cluster.cast(acknowledgement, over: link) { writer in
      try writer.encode(call)
      try writer.encode(place + 1)
    }
    state.next += 1
    if state.next == state.end { forget() }
    return place
  }

  /// Nobody here wants the rest.
  func giveBack() { state.withLock { returnRest(&$0) } }

  /// Somebody elsewhere wants the rest.
  func recall() {
    state.withLock { state in
      state.isRecalled = true
      if state.hasArrived { returnRest(&state) }
    }
  }

  private func returnRest(_ state: inout State) {
    guard state.next < state.end else { return }
    state.end = state.next
    forget()
    try? cluster.cast(CancelChannelCall(call: call), Nothing(), over: link)
  }

  /// There is nothing to be given back.
  func forget() { cluster.borrowings.withLock { $0[call.receipt.number] = nil } }
}

/// Some process wants values that were lent to this one.
struct RecallLoan: RemoteFunction, OrderedFunction {
  func callAsFunction(_ receipt: UInt64) -> Nothing {
    Cluster.current.borrowings.withLock { $0[receipt] }?.recall()
    return Nothing()
  }
}

extension Cluster {
  /// Asks a process for the rest of what it was lent.
  func recall(_ receipt: Receipt) {
    // A process that has gone gives back all without being asked.
    guard let link = openLink(to: receipt.process) else { return }
    try? cast(RecallLoan(), receipt.number, over: link)
  }
}

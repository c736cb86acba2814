import Synchronization

/// The values this process has taken from channels elsewhere, until their owners have been told that it has them: many
/// at a time, and at the latest when the Engine has nothing else to do, which is when the next request leaves.
final class TakeReceipts: Flushable {
  fileprivate struct Channel: Hashable {
    let owner: ProcessID
    let id: RRID
  }

  fileprivate struct State {
    var taken: [Channel: [UInt64]] = [:]
    /// Most programs take from one channel many times.
    var last: (channel: Channel, numbers: [UInt64])?
    var isScheduled = false
  }

  private let lastNumber = Atomic<UInt64>(0)
  private let state = Mutex(State())
  private unowned let cluster: Cluster

  init(cluster: Cluster) { self.cluster = cluster }

  /// Names an operation of this process.
  func next() -> Receipt {
    Receipt(process: cluster.myid, number: lastNumber.wrappingAdd(1, ordering: .relaxed).newValue)
  }

  /// This process has the value it took.
  func add(_ receipt: Receipt, channel id: RRID, owner: ProcessID) {
    let mustSchedule = state.withLock { state in
      state.add(receipt.number, Channel(owner: owner, id: id))
      defer { state.isScheduled = true }
      return !state.isScheduled
    }
    if mustSchedule { cluster.engine.flushSoon(self) }
  }

  func flush() {
    let taken = state.withLock { state in
      defer { state = State() }
      return state.all
    }
    for (channel, numbers) in taken {
      // An owner that has gone does not wait for it.
      guard let link = cluster.openLink(to: channel.owner) else { continue }
      let call = AcknowledgeTakes(id: channel.id, taker: cluster.myid, numbers: numbers)
      try? cluster.cast(call, Nothing(), over: link)
    }
  }
}

extension TakeReceipts.State {
  fileprivate mutating func add(_ number: UInt64, _ channel: TakeReceipts.Channel) {
    if last?.channel != channel {
      let old = last
      last = (channel, taken.removeValue(forKey: channel) ?? [])
      if let old { taken[old.channel] = old.numbers }
    }
    last!.numbers.append(number)
  }

  fileprivate var all: [TakeReceipts.Channel: [UInt64]] {
    guard let last else { return taken }
    return taken.merging([last.channel: last.numbers]) { $0 + $1 }
  }
}

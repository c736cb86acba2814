import DequeModule
import Synchronization

/// Where the answers to one lane's messages arrive, in the order in which they come: no result waits for that of a slower
/// item that was sent before.
final class LaneMailbox: Sendable {
  /// A unit that is under way to a worker.
  final class Message: ReplyObserver {
    let unit: WorkUnit
    /// `nil` where this process does the work itself.
    let call: (link: Link, id: UInt64)?
    /// In monotonic nanoseconds, where anybody wants to know.
    let sent: UInt64
    private let work = Mutex<Task<Void, Never>?>(nil)
    private let mailbox: LaneMailbox

    init(_ unit: WorkUnit, call: (link: Link, id: UInt64)?, sent: UInt64, in mailbox: LaneMailbox) {
      self.unit = unit
      self.call = call
      self.sent = sent
      self.mailbox = mailbox
    }

    func complete(with reply: Reply) { mailbox.put(self, reply) }

    /// The task in which this process does the work itself.
    func setWork(_ task: Task<Void, Never>) { work.withLock { $0 = task } }

    /// Nobody wants the answer any more: what runs is interrupted.
    func cancel(in cluster: Cluster) {
      work.withLock { $0 }?.cancel()
      guard let (link, id) = call else { return }
      _ = link.pending.withLock { $0.abandon(id) }
      cluster.cancelCall(id, over: link)
    }
  }

  private struct State: Sendable {
    var arrived = Deque<(message: Message, reply: Reply)>()
    var isCancelled = false
    var waiter: UnsafeContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  /// Has the answer to a call that has been sent arrive here.
  func expect(_ unit: WorkUnit, _ id: UInt64, over link: Link, sent: UInt64 = 0) -> Message {
    let message = Message(unit, call: (link, id), sent: sent, in: self)
    // It may have come already.
    if let reply = link.pending.withLock({ $0.wait(for: id, .observer(message)) }) { put(message, reply) }
    return message
  }

  private func put(_ message: Message, _ reply: Reply) {
    let waiter = state.withLock { state in
      state.arrived.append((message, reply))
      return state.waiter.take()
    }
    waiter?.resume()
  }

  /// The next answer; `nil` when the waiting task has been cancelled.
  func next() async -> (message: Message, reply: Reply)? {
    if let arrived = state.withLock({ $0.arrived.popFirst() }) { return arrived }
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let mustWait = state.withLock { state in
          guard state.arrived.isEmpty, !state.isCancelled else { return false }
          state.waiter = continuation
          return true
        }
        if !mustWait { continuation.resume() }
      }
    } onCancel: {
      let waiter = state.withLock { state in
        state.isCancelled = true
        return state.waiter.take()
      }
      waiter?.resume()
    }
    return state.withLock { $0.arrived.popFirst() }
  }
}

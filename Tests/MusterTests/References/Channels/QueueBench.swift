@testable import Muster

/// A channel's queue with the names of those who wait, and what they have been told.
struct QueueBench {
  typealias Queue = ChannelQueue<String>
  var queue: Queue
  var told: [String] = []
  /// The loans that were wanted back.
  var recalls: [Receipt] = []

  init(capacity: Int) { queue = Queue(capacity: capacity) }

  /// Begins an operation, and waits if need be. Returns what it has at once.
  @discardableResult
  mutating func begin(
    _ operation: Queue.Operation, _ name: String, for receipt: Receipt? = nil
  ) throws -> (any Sendable)? {
    var wakeups: Queue.Wakeups = []
    defer { note(wakeups) }
    if let value = try queue.attempt(operation, for: receipt, &wakeups) { return value }
    queue.wait(operation, name, number: queue.nextNumber(), for: receipt, &wakeups)
    return nil
  }

  mutating func change(_ body: (inout Queue, inout Queue.Wakeups) -> Void) {
    var wakeups: Queue.Wakeups = []
    body(&queue, &wakeups)
    note(wakeups)
  }

  /// Returns what is lent.
  mutating func lend(_ limit: Int, to receipt: Receipt) throws -> [Int]? {
    var wakeups: Queue.Wakeups = []
    defer { note(wakeups) }
    return try queue.lend(limit, to: receipt, &wakeups)?.compactMap { $0 as? Int }
  }

  private mutating func note(_ wakeups: Queue.Wakeups) {
    if let recall = queue.takeRecall() { recalls.append(recall) }
    for (name, outcome) in wakeups {
      switch outcome {
      case .success(let value): told.append("\(name) \(value)")
      case .failure(let error): told.append("\(name) \((error as? ClusterError)?.code.description ?? "cancelled")")
      }
    }
  }
}

func receipt(_ process: ProcessID, _ number: UInt64) -> Receipt { Receipt(process: process, number: number) }

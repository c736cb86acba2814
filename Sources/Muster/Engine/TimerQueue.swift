import HeapModule

/// Deadlines in the order they fall due; a pure value, the Engine keeps it under a lock.
struct TimerQueue {
  /// Names one entry, to cancel it.
  struct ID: Hashable, Sendable {
    fileprivate let number: UInt64
  }

  private struct Entry: Comparable {
    let deadline: UInt64
    let number: UInt64

    static func < (left: Entry, right: Entry) -> Bool {
      (left.deadline, left.number) < (right.deadline, right.number)
    }
    static func == (left: Entry, right: Entry) -> Bool { left.number == right.number }
  }

  private var heap = Heap<Entry>()
  private var actions: [UInt64: @Sendable () -> Void] = [:]
  private var nextNumber: UInt64 = 0

  /// - Parameter deadline: nanoseconds of the monotonic clock.
  mutating func add(at deadline: UInt64, _ action: @escaping @Sendable () -> Void) -> ID {
    nextNumber += 1
    heap.insert(Entry(deadline: deadline, number: nextNumber))
    actions[nextNumber] = action
    return ID(number: nextNumber)
  }

  mutating func cancel(_ id: ID) {
    actions[id.number] = nil
    // Cancelled entries stay in the heap until they are due; most timers here are long and cancelled early, so the
    // heap is rebuilt once they are the greater part.
    if heap.count > 64, heap.count > 2 * actions.count {
      heap = Heap(heap.unordered.filter { actions[$0.number] != nil })
    }
  }

  /// When the next action falls due, if there is any.
  var nextDeadline: UInt64? {
    mutating get {
      while let first = heap.min {
        if actions[first.number] != nil { return first.deadline }
        heap.removeMin()
      }
      return nil
    }
  }

  /// Takes out every action due by `now`.
  mutating func takeDue(now: UInt64) -> [@Sendable () -> Void] {
    var due: [@Sendable () -> Void] = []
    while let first = heap.min, first.deadline <= now {
      heap.removeMin()
      if let action = actions.removeValue(forKey: first.number) { due.append(action) }
    }
    return due
  }
}

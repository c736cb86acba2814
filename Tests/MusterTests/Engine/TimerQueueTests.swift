import Testing

@testable import Muster

/// Runs everything due by `now` and returns what it wrote down.
private func due(_ queue: inout TimerQueue, by now: UInt64, _ record: Recorder<Int>) -> [Int] {
  let before = record.elements.count
  for action in queue.takeDue(now: now) { action() }
  return Array(record.elements[before...])
}

@Test func `timers fall due in the order of their deadlines, equal ones in the order they were made`() {
  var queue = TimerQueue()
  let record = Recorder<Int>()
  for (label, deadline) in [30, 10, 20, 10, 30].enumerated() {
    _ = queue.add(at: UInt64(deadline)) { record.append(label) }
  }
  #expect(queue.nextDeadline == 10)
  #expect(due(&queue, by: 9, record) == [])
  #expect(due(&queue, by: 10, record) == [1, 3])
  #expect(queue.nextDeadline == 20)
  #expect(due(&queue, by: 100, record) == [2, 0, 4])
  #expect(queue.nextDeadline == nil)
  #expect(due(&queue, by: .max, record) == [])
}

@Test func `a cancelled timer neither fires nor counts as the next`() {
  var queue = TimerQueue()
  let record = Recorder<Int>()
  let first = queue.add(at: 1) { record.append(1) }
  let second = queue.add(at: 2) { record.append(2) }
  _ = queue.add(at: 3) { record.append(3) }
  queue.cancel(first)
  #expect(queue.nextDeadline == 2)
  queue.cancel(second)
  queue.cancel(second)
  #expect(due(&queue, by: 2, record) == [])
  #expect(due(&queue, by: 3, record) == [3])
  queue.cancel(first)
  #expect(queue.nextDeadline == nil)
}

@Test func `timers survive the rebuilding that many cancellations cause`() {
  var queue = TimerQueue()
  let record = Recorder<Int>()
  var generator = SplitMix64(seed: 11)
  var kept: [(deadline: UInt64, label: Int)] = []
  var cancelled: [TimerQueue.ID] = []
  for label in 0..<1_000 {
    let deadline = UInt64.random(in: 0..<200, using: &generator)
    let id = queue.add(at: deadline) { record.append(label) }
    if label % 10 == 0 { kept.append((deadline, label)) } else { cancelled.append(id) }
  }
  for id in cancelled.shuffled(using: &generator) { queue.cancel(id) }
  #expect(queue.nextDeadline == kept.map(\.deadline).min())
  let expected = kept.sorted { ($0.deadline, $0.label) < ($1.deadline, $1.label) }.map(\.label)
  #expect(due(&queue, by: 1_000, record) == expected)
}

@Test func `an action may be dropped without being run, with what it holds`() {
  final class Held: Sendable {}
  var queue = TimerQueue()
  var held: Held? = Held()
  weak let watched = held
  let id = queue.add(at: 5) { [held] in _ = held }
  held = nil
  #expect(watched != nil)
  queue.cancel(id)
  #expect(watched == nil)
}

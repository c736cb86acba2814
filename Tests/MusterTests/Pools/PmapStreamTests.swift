import Synchronization
import Testing

@testable import Muster

/// Counts how many items have been drawn from it, without end.
private struct Naturals: Sequence, Sendable {
  let drawn: Counter

  func makeIterator() -> AnyIterator<Int> {
    let drawn = drawn
    return AnyIterator { drawn.increment() - 1 }
  }
}

/// The first item waits for the gate to open; the others come at once.
private enum FirstItem {
  static let gates = Mutex<[Int: Promise<Bool>]>([:])
  static func gate(_ name: Int) -> Promise<Bool> {
    gates.withLock { gates in
      let gate = gates[name] ?? Promise<Bool>()
      gates[name] = gate
      return gate
    }
  }
}

func openGate(_ name: Int) { FirstItem.gate(name).fulfil(.success(true)) }

struct WaitAtZero: RemoteFunction {
  let gate: Int
  func callAsFunction(_ item: Int) async throws -> Int {
    if item == 0 { _ = try await FirstItem.gate(gate).wait() }
    return item * 10
  }
}

/// Suspends until it is cancelled, and notes that it was.
struct WaitForCancellation: RemoteFunction {
  let log: Int
  func callAsFunction(_ item: Int) async throws -> Int {
    NoteBook.shared.append("began", to: log)
    do {
      _ = try await Promise<Bool>().wait()
    } catch {
      NoteBook.shared.append("cancelled", to: log)
      throw error
    }
    return item
  }
}

@Test(arguments: [1, 7]) func `pmapStream gives every item its value, as they come`(batch: Int) async throws {
  try await withClusterPair { pair async throws in
    pair.one.addToDefaultPool(2)
    var values: [Int: Int] = [:]
    for try await (index, value) in pmapStream(Square(), 0..<100, batchSize: batch) { values[index] = value }
    #expect(values == Dictionary(uniqueKeysWithValues: (0..<100).map { ($0, $0 * $0) }))
    for try await _ in pmapStream(Square(), 0..<0, batchSize: batch) { Issue.record("there is nothing") }
  }
}

@Test func `ordered, results come in the order of the items; otherwise a slow one does not hold up the rest`()
  async throws
{
  try await withClusterPair { pair async throws in
    let both = WorkerPool([1, 2])
    var early: [Int] = []
    for try await (index, _) in pmapStream(WaitAtZero(gate: 1), 0..<20, on: both) {
      early.append(index)
      if early.count == 19 { openGate(1) }
    }
    #expect(early.last == 0 && early.sorted() == Array(0..<20))

    let opener = Task { openGate(2) }
    var inOrder: [Int] = []
    for try await (index, value) in pmapStream(WaitAtZero(gate: 2), 0..<20, on: both, ordered: true) {
      #expect(value == index * 10)
      inOrder.append(index)
    }
    _ = await opener.value
    #expect(inOrder == Array(0..<20))
  }
}

@Test func `an endless sequence is drawn from no further ahead than may be in flight`() async throws {
  try await withClusterPair { pair async throws in
    pair.one.addToDefaultPool(2)
    let drawn = Counter()
    var taken = 0
    for try await _ in pmapStream(Square(), Naturals(drawn: drawn), inFlight: 10) {
      taken += 1
      #expect(drawn.value <= taken + 10)
      if taken == 200 { break }
    }
    #expect(drawn.value >= 200)
  }
}

@Test func `leaving the loop interrupts what runs and draws no more`() async throws {
  try await withClusterPair { pair async throws in
    pair.one.addToDefaultPool(2)
    let (log, drawn) = (NoteBook.shared.newLog(), Counter())
    do {
      var iterator = pmapStream(WaitForCancellation(log: log), Naturals(drawn: drawn), inFlight: 3).makeAsyncIterator()
      let first = Task { try await iterator.next() }
      await eventually("items run") { NoteBook.shared.entries(of: log).contains("began") }
      first.cancel()
      await #expect(throws: CancellationError.self) { _ = try await first.value }
    }
    await eventually("what ran is cancelled") {
      let notes = NoteBook.shared.entries(of: log)
      return notes.count { $0 == "began" } == notes.count { $0 == "cancelled" }
    }
    #expect(drawn.value <= 3)
    // The worker serves on.
    #expect(try await remotecallFetch(Square(), on: 2, 5) == 25)
  }
}

@Test func `the stream throws what pmap would, after the results before it`() async throws {
  try await withClusterPair { pair async throws in
    pair.one.addToDefaultPool(2)
    var seen = 0
    await #expect(throws: RemoteError.self) {
      // One at a time: functions that a worker has at the same time may end in any order.
      for try await _ in pmapStream(FailOdd(), [0, 2, 4, 5], ordered: true, inFlight: 1) { seen += 1 }
    }
    #expect(seen == 3)
    var replaced: [Int] = []
    for try await (_, value) in pmapStream(FailOdd(), [1, 2, 3], onError: { _ in -1 }, ordered: true) {
      replaced.append(value)
    }
    #expect(replaced == [-1, 2, -1])
    await expectCode(.invalidArgument) { for try await _ in pmapStream(Square(), 0..<3, batchSize: 0) {} }
    await expectCode(.invalidArgument) { for try await _ in pmapStream(Square(), 0..<3, inFlight: 0) {} }
  }
}

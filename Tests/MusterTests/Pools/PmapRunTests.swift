import Synchronization
import Testing

@testable import Muster

private func policy(
  delays: Int = 0, check: (@Sendable (any Error) -> Bool)? = nil,
  onError: (@Sendable (any Error) async throws -> Int)? = nil
) -> FailurePolicy<Int> {
  FailurePolicy(onError: onError, retryDelays: Array(repeating: .zero, count: delays), retryCheck: check)
}

private func word(_ decision: FailurePolicy<Int>.Decision) -> String {
  switch decision {
  case .value(let value): "value \(value)"
  case .retry(let delay): "retry \(delay)"
  case .fail(let error): "fail \((error as? Complaint)?.text ?? "?")"
  }
}

@Test func `what becomes of a failure follows from handler, check and delays, in this order`() async {
  let error = Complaint(text: "a")
  #expect(word(await policy().decide(error, attempt: 0)) == "fail a")
  #expect(word(await policy(onError: { _ in 5 }).decide(error, attempt: 0)) == "value 5")
  #expect(word(await policy(delays: 2, onError: { _ in 5 }).decide(error, attempt: 0)) == "value 5")
  #expect(word(await policy(onError: { _ in throw Complaint(text: "b") }).decide(error, attempt: 0)) == "fail b")
  let delays = FailurePolicy<Int>(onError: nil, retryDelays: [.seconds(1), .seconds(2)], retryCheck: nil)
  #expect(word(await delays.decide(error, attempt: 0)) == "retry 1.0 seconds")
  #expect(word(await delays.decide(error, attempt: 1)) == "retry 2.0 seconds")
  #expect(word(await delays.decide(error, attempt: 2)) == "fail a")
  // The check hears what the handler threw instead.
  let checked = policy(
    delays: 1, check: { ($0 as? Complaint)?.text == "b" }, onError: { _ in throw Complaint(text: "b") })
  #expect(word(await checked.decide(error, attempt: 0)) == "retry 0.0 seconds")
  #expect(word(await policy(delays: 1, check: { _ in false }).decide(error, attempt: 0)) == "fail a")
}

private func map(
  _ count: Int, batch: Int = 1, _ policy: FailurePolicy<Int> = policy(), keeps: Bool = false
) -> PmapArray<Int, Int> {
  PmapArray(
    inputs: Array(0..<count), batchSize: batch, policy: policy, keepsFailures: keeps,
    progress: ProgressMeter(display: .none, total: count))
}

private func values(_ run: PmapArray<Int, Int>) throws -> [Int] { try run.results() }

@Test func `items are cut into batches, in order, the last as long as what is left`() {
  let run = map(10, batch: 4)
  var ranges: [Range<Int>] = []
  while let unit = run.take() { ranges.append(unit.positions) }
  #expect(ranges == [0..<4, 4..<8, 8..<10])
  #expect(!run.hasWork && !run.isOver)
}

@Test func `a map of nothing is over at once`() async throws {
  let run = map(0)
  #expect(run.isOver && run.take() == nil)
  #expect(await run.waitForWork() == false)
  #expect(try values(run) == [])
}

@Test func `results are in the order of the items, whatever the order in which they come`() async throws {
  let run = map(10, batch: 3)
  var units: [WorkUnit] = []
  while let unit = run.take() { units.append(unit) }
  for unit in units.reversed() { await run.finish(unit, with: unit.positions.map { .success($0 * 10) }) }
  #expect(run.isOver)
  #expect(try values(run) == (0..<10).map { $0 * 10 })
}

@Test func `the feeder sleeps until there is work again or the end`() async throws {
  let run = map(2, policy(delays: 1))
  let (first, second) = (run.take()!, run.take()!)
  let feeder = Task { await run.waitForWork() }
  await run.fail(first, with: Complaint(text: "lost"))
  #expect(await feeder.value)
  let again = try #require(run.take())
  #expect(again.positions == 0..<1 && again.attempt == 1)
  let last = Task { await run.waitForWork() }
  await run.finish(second, with: [.success(2)])
  await run.finish(again, with: [.success(1)])
  #expect(await last.value == false)
  #expect(try values(run) == [1, 2])
}

@Test func `in a batch only the items that failed are tried again`() async throws {
  let run = map(4, batch: 4, policy(delays: 1))
  let unit = run.take()!
  await run.finish(
    unit, with: [.success(0), .failure(Complaint(text: "x")), .success(2), .failure(Complaint(text: "y"))])
  var again: [WorkUnit] = []
  while again.count < 2 {
    #expect(await run.waitForWork())
    if let unit = run.take() { again.append(unit) }
  }
  #expect(Set(again.map(\.positions)) == [1..<2, 3..<4])
  for unit in again { await run.finish(unit, with: [.success(unit.positions.lowerBound)]) }
  #expect(try values(run) == [0, 1, 2, 3])
}

@Test func `a batch lost as a whole is tried again as a whole`() async throws {
  let run = map(4, batch: 4, policy(delays: 1))
  await run.fail(run.take()!, with: Complaint(text: "lost"))
  #expect(await run.waitForWork())
  #expect(run.take()?.positions == 0..<4)
}

@Test func `with a handler each item of a lost batch gets its own value`() async throws {
  let calls = Counter()
  let run = map(3, batch: 3, policy(onError: { _ in calls.increment() * 100 }))
  await run.fail(run.take()!, with: Complaint(text: "lost"))
  #expect(try values(run) == [100, 200, 300])
}

@Test func `the first failure that nobody deals with ends the map`() async throws {
  let run = map(3)
  let unit = run.take()!
  let feeder = Task { () -> Bool in
    while await run.waitForWork() { _ = run.take() }
    return true
  }
  await run.fail(unit, with: Complaint(text: "first"))
  run.abort(Complaint(text: "second"))
  #expect(await feeder.value)
  #expect(run.isOver && run.take() == nil && !run.hasWork)
  #expect(throws: Complaint(text: "first")) { try run.outcome() }
}

@Test func `failures that are kept are results, and the others go on`() async throws {
  let run = map(3, keeps: true)
  for _ in 0..<3 {
    let unit = run.take()!
    let position = unit.positions.lowerBound
    await run.finish(unit, with: [position == 1 ? .failure(Complaint(text: "kept")) : .success(position)])
  }
  let results = try run.outcome()
  #expect(try results[0].get() == 0 && results[2].get() == 2)
  #expect(throws: Complaint(text: "kept")) { try results[1].get() }
}

@Test func `an item that was executed twice has one result`() async throws {
  let run = map(1)
  let unit = run.take()!
  await run.finish(unit, with: [.success(1)])
  await run.finish(unit, with: [.success(2)])
  #expect(try values(run) == [1])
}

@Test func `pmap over two clusters gives every item its result, in every combination`() async throws {
  try await withClusterPair { pair async throws in
    pair.one.addToDefaultPool(2)
    for batch in [1, 2, 7, 100] {
      #expect(try await pmap(Square(), 0..<50, batchSize: batch) == (0..<50).map { $0 * $0 })
      #expect(try await pmap(SuspendingEcho(), 0..<50, batchSize: batch) == Array(0..<50))
      #expect(
        try await pmap(Complain(), 0..<20, batchSize: batch, onError: { _ in -1 }) == Array(repeating: -1, count: 20))
      let results = await pmapResults(Complain(), 0..<3, batchSize: batch)
      for (index, result) in results.enumerated() {
        do {
          _ = try result.get()
          Issue.record("no error")
        } catch {
          #expect((error as? RemoteError)?.underlying as? Complaint == Complaint(text: "foobar \(index)"))
        }
      }
      await #expect(throws: RemoteError.self) {
        try await pmap(Complain(), 0..<3, batchSize: batch, retryDelays: [.zero])
      }
    }
    #expect(try await pmap(WhoAmI.OfItem(), 0..<5) == Array(repeating: 2, count: 5))
    #expect(try await pmap(WhoAmI.OfItem(), 0..<5, distributed: false) == Array(repeating: 1, count: 5))
    await expectCode(.invalidArgument) { _ = try await pmap(Square(), 0..<5, batchSize: 0) }
  }
}

extension WhoAmI {
  struct OfItem: RemoteFunction {
    func callAsFunction(_ item: Int) -> ProcessID { myid() }
  }
}

/// Counts how often a worker is taken from it.
private final class CountingPool: AbstractWorkerPool {
  private let pool: WorkerPool
  let takes = Atomic<Int>(0)

  init(_ pool: WorkerPool) { self.pool = pool }

  func push(_ pid: ProcessID) async throws { try await pool.push(pid) }
  func put(_ pid: ProcessID) { pool.put(pid) }
  func wait() async throws { try await pool.wait() }
  var count: Int { get async throws { try await pool.count } }
  var isReady: Bool { get async throws { try await pool.isReady } }
  var waiterCount: Int { get async { await pool.waiterCount } }

  func take() async throws -> ProcessID {
    let pid = try await pool.take()
    takes.add(1, ordering: .relaxed)
    return pid
  }
}

@Test func `a map keeps its workers while nobody but itself waits for more`() async throws {
  try await withClusters(3) { _ in
    let pool = CountingPool(WorkerPool([2, 3]))
    let squares = try await pmap(Square(), 0..<500, on: pool)
    #expect(squares == (0..<500).map { $0 * $0 })
    let takes = pool.takes.load(ordering: .relaxed)
    #expect(takes <= 3, "of two workers, one of them perhaps once more at the end")
  }
}

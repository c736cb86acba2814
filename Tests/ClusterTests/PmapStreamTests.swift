import Glibc
import Muster
import Synchronization
import Testing

/// Counts, without end, and how far it has got.
private struct Naturals: Sequence, Sendable {
  let drawn = Drawn()

  final class Drawn: Sendable {
    private let count = Atomic<Int>(0)
    var value: Int { count.load(ordering: .relaxed) }
    func next() -> Int { count.wrappingAdd(1, ordering: .relaxed).oldValue }
  }

  func makeIterator() -> AnyIterator<Int> {
    let drawn = drawn
    return AnyIterator { drawn.next() }
  }
}

/// One item waits until the test lets it go.
struct HoldItem: RemoteFunction {
  let held: Int
  let gate: Future<Int>
  func callAsFunction(_ x: Int) async throws -> Int {
    if x == held { _ = try await gate.fetch() }
    return x * 10
  }
}

private let executed = Mutex<(began: Int, cancelled: Int)>((0, 0))

/// How often this process began an item, and how often it was cancelled at one.
struct CountExecuted: RemoteThunk {
  func callAsFunction() -> [Int] { executed.withLock { [$0.began, $0.cancelled] } }
}

/// Returns at once for the first items, and for the others only when it is cancelled.
struct NapFrom: RemoteFunction {
  let first: Int
  func callAsFunction(_ x: Int) async throws -> Int {
    executed.withLock { $0.began += 1 }
    if x < first { return x }
    do { try await Task.sleep(for: .seconds(3600)) } catch {
      executed.withLock { $0.cancelled += 1 }
      throw error
    }
    return x
  }
}

extension ClusterTests {
  @Suite struct PmapStream {
    private func executed(by pids: [ProcessID]) async throws -> [Int] {
      var total = [0, 0]
      for pid in pids {
        let counts = try await remotecallFetch(CountExecuted(), on: pid)
        total = [total[0] + counts[0], total[1] + counts[1]]
      }
      return total
    }

    @Test(arguments: [1, 4]) func everyItemHasItsValueOnceAndAllWorkersTakePart(batchSize: Int) async throws {
      try await withWorkers(3) { (pids) async throws in
        let (values, used) = try await within(.seconds(60), "the stream") {
          var values: [Int: Int] = [:]
          for try await (index, value) in pmapStream(Square(), 0..<500, batchSize: batchSize) {
            #expect(values.updateValue(value, forKey: index) == nil)
          }
          var used: Set<ProcessID> = []
          for try await (_, pid) in pmapStream(Slow(), 0..<100, batchSize: batchSize) { used.insert(pid) }
          return (values, used)
        }
        #expect(values == Dictionary(uniqueKeysWithValues: (0..<500).map { ($0, $0 * $0) }))
        #expect(used == Set(pids))
      }
    }

    @Test(arguments: [1, 4]) func orderedResultsComeInTheOrderOfTheItems(batchSize: Int) async throws {
      try await withWorkers(3) { (_) async throws in
        let gate = Future<Int>()
        let order = try await within(.seconds(60), "the stream") {
          let stream = pmapStream(HoldItem(held: 0, gate: gate), 0..<200, batchSize: batchSize, ordered: true)
          async let indices = stream.reduce(into: [Int]()) { indices, result in
            #expect(result.value == result.index * 10)
            indices.append(result.index)
          }
          try await gate.put(1)
          return try await indices
        }
        #expect(order == Array(0..<200))
      }
    }

    @Test func aSlowItemDoesNotHoldUpTheOthersUnlessOrdered() async throws {
      try await withWorkers(2) { (_) async throws in
        let gate = Future<Int>()
        let order = try await within(.seconds(60), "the stream") {
          var indices: [Int] = []
          for try await (index, _) in pmapStream(HoldItem(held: 3, gate: gate), 0..<50) {
            indices.append(index)
            if indices.count == 49 { try await gate.put(1) }
          }
          return indices
        }
        #expect(order.last == 3 && order.sorted() == Array(0..<50))
      }
    }

    @Test func noMoreItemsAreUnderWayThanInFlightSays() async throws {
      try await withWorkers(2) { (pids) async throws in
        try await within(.seconds(60), "the stream") {
          let items = Naturals()
          var taken = 0
          for try await _ in pmapStream(NapFrom(first: .max), items, inFlight: 5) {
            taken += 1
            // The workers, too, have had no more.
            if taken % 20 == 0 {
              let began = try await executed(by: pids)[0]
              #expect(began <= taken + 5)
            }
            #expect(items.drawn.value <= taken + 5)
            if taken == 100 { break }
          }
        }
        let most = try await within(.seconds(60), "the second stream") {
          try await pmapStream(MeasureConcurrency(), 0..<8, inFlight: 1).reduce(0) { max($0, $1.value) }
        }
        #expect(most == 1)
      }
    }

    @Test func leavingTheLoopStopsTheWork() async throws {
      try await withWorkers(2) { (pids) async throws in
        let items = Naturals()
        let taken = try await within(.seconds(60), "the stream") {
          var taken = 0
          for try await _ in pmapStream(NapFrom(first: 10), items, inFlight: 20) {
            taken += 1
            if taken == 10 { break }
          }
          return taken
        }
        #expect(taken == 10 && items.drawn.value <= 30)
        try await eventually("the pool has its workers back") { try await defaultWorkerPool().isReady }
        try await eventually("what ran is cancelled") {
          let counts = try await executed(by: pids)
          return counts[0] - counts[1] == 10
        }
        let drawn = items.drawn.value
        // The workers are free for others, and nobody draws.
        #expect(try await pmap(Square(), 0..<50) == (0..<50).map { $0 * $0 })
        #expect(items.drawn.value == drawn)
      }
    }

    @Test(arguments: [1, 4]) func anItemWhoseWorkerIsKilledIsDoneByAnother(batchSize: Int) async throws {
      try await withWorkers(3) { (pids) async throws in
        let counts = try await within(.seconds(60), "the stream") {
          var counts: [Int: Int] = [:]
          let stream = pmapStream(
            DieAt(fatal: 40, victim: pids[1]), 0..<200, on: try await WorkerPool([pids[1]]).with(pids[0]).with(pids[2]),
            batchSize: batchSize, retryDelays: Array(repeating: .milliseconds(1), count: 20))
          for try await (index, value) in stream {
            #expect(value == index)
            counts[index, default: 0] += 1
            // If another worker had it, the victim ends all the same.
            if counts.count == 100, workers().contains(pids[1]) {
              try? await remoteDo(KillYourself(), on: pids[1])
            }
          }
          return counts
        }
        #expect(counts == Dictionary(uniqueKeysWithValues: (0..<200).map { ($0, 1) }))
        await eventually("the victim is gone") { workers() == [pids[0], pids[2]] }
      }
    }

    @Test func withoutRetriesTheDeathOfAWorkerEndsIt() async throws {
      try await withWorkers(1) { (pids) async throws in
        let error = await thrown(ProcessExitedError.self) {
          try await within(.seconds(60), "the stream") {
            try await pmapStream(DieAt(fatal: 20, victim: nil), 0..<100).reduce(0) { count, _ in count + 1 }
          }
        }
        #expect(error?.pid == pids[0])
      }
    }

    @Test func theFailureOfAnItemEndsItAfterTheResultsBefore() async throws {
      try await withWorkers(2) { (pids) async throws in
        let seen = Counter()
        let error = await thrown(RemoteError.self) {
          try await within(.seconds(60), "the stream") {
            for try await _ in pmapStream(Fragile(weakness: .oddItems), [0, 2, 4, 5, 6], ordered: true, inFlight: 1) {
              seen.value.add(1, ordering: .relaxed)
            }
          }
        }
        #expect(error?.underlying as? Foobar == Foobar(number: 5))
        #expect(seen.value.load(ordering: .relaxed) == 3)
        #expect(try await remotecallFetch(Square(), on: pids[0], 3) == 9)
      }
    }

    @Test(arguments: [1, 3]) func failedItemsAreReplacedOrTriedAgain(batchSize: Int) async throws {
      try await withWorkers(2) { (_) async throws in
        let (replaced, retried) = try await within(.seconds(60), "the streams") {
          let replaced = try await pmapStream(
            Fragile(weakness: .oddItems), 0..<20, batchSize: batchSize, onError: { _ in replacement }, ordered: true
          ).reduce(into: [Int]()) { values, result in values.append(result.value[0]) }
          let retried = try await pmapStream(
            FailOddOnce(token: .random(in: 0 ... .max)), 0..<20, batchSize: batchSize,
            retryDelays: Array(repeating: .milliseconds(1), count: 4), ordered: true
          ).reduce(into: [Int]()) { values, result in values.append(result.value[0]) }
          return (replaced, retried)
        }
        #expect(replaced == (0..<20).map { $0 % 2 == 0 ? $0 : -1 })
        #expect(retried == Array(0..<20))
      }
    }
  }
}

struct KillYourself: RemoteAction {
  func callAsFunction() { kill(getpid(), SIGKILL) }
}

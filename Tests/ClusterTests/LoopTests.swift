import Glibc
import Muster
import Synchronization
import Testing

struct One: RemoteLoopBody {
  func callAsFunction(_ i: Int) -> Int { 1 }
}

struct Index: RemoteLoopBody {
  func callAsFunction(_ i: Int) -> Int { i }
}

struct SquareOf: RemoteLoopBody {
  func callAsFunction(_ i: Int) -> Int { i * i }
}

struct Draw: RemoteLoopBody {
  func callAsFunction(_ i: Int) -> Double { Double.random(in: 0..<1) }
}

struct AsArray: RemoteLoopBody {
  func callAsFunction(_ i: Int) -> [Int] { [i] }
}

/// Which process an index came to.
struct Where: RemoteLoopBody {
  func callAsFunction(_ i: Int) -> [Int] { [myid().rawValue] }
}

/// Notes its indices in its process.
struct NoteIndex: RemoteLoopBody {
  func callAsFunction(_ i: Int) { notes.withLock { $0.append(i) } }
}

/// Waits until the future has its value, then notes its index.
struct AwaitAndNote: RemoteLoopAction {
  let gate: Future<Int>
  func callAsFunction(_ i: Int) async throws {
    _ = try await gate.fetch()
    notes.withLock { $0.append(i) }
  }
}

struct FailAt: RemoteLoopAction {
  let index: Int
  func callAsFunction(_ i: Int) throws {
    if i == index { throw Foobar(number: i) }
    notes.withLock { $0.append(i) }
  }
}

struct DieAtIndex: RemoteLoopBody {
  let index: Int
  func callAsFunction(_ i: Int) -> Int {
    if i == index { kill(getpid(), SIGKILL) }
    return i
  }
}

/// A matrix product in small: associative, not commutative.
struct Compose: RemoteReducer {
  func combine(_ a: [Int], _ b: [Int]) -> [Int] { [a[0] &* b[0], a[0] &* b[1] &+ a[1]] }
}

struct Affine: RemoteLoopBody {
  func callAsFunction(_ i: Int) -> [Int] { [i | 1, i] }
}

struct LoopThere: RemoteThunk {
  func callAsFunction() async throws -> Int { try await distributed(1...10, reduce: Sum(), SquareOf()) }
}

/// Never ends by itself before the machine does.
struct SleepLong: RemoteLoopBody {
  func callAsFunction(_ i: Int) -> Int {
    if i == 0 { notes.withLock { $0.append(i) } }
    usleep(10_000)
    return i
  }
}

struct InnerSum: RemoteThunk {
  let factor: Int
  /// Spawns where it runs, and waits.
  func callAsFunction() async throws -> Int {
    var futures: [Future<Int>] = []
    for number in 1...3 { futures.append(try await spawnat(myid(), Captures(level: number * factor))) }
    var sum = 0
    for future in futures { sum += try await future.fetch() }
    return sum
  }
}

private func takeNotes(_ pids: [ProcessID]) async throws -> [[Int]] {
  var all: [[Int]] = []
  for pid in pids { all.append(try await remotecallFetch(TakeNotes(), on: pid)) }
  return all
}

private func sumTo10<I: FixedWidthInteger>(_ type: I.Type) async throws -> [Int] {
  [
    try await distributed(I(1)...10, reduce: Sum(), Index()), try await distributed(I(1)..<11, reduce: Sum(), Index()),
  ]
}

extension ClusterTests {
  @Suite struct Loops {
    @Test func withoutWorkersTheyRunOnProcess1() async throws {
      try await leavingNothingBehind { () async throws in
        #expect(try await distributed(1...100, reduce: Sum(), One()) == 100)
        #expect(try await distributed(1...100, reduce: Sum(), schedule: .dynamic(chunk: 7), One()) == 100)
        #expect(try await distributed(1...10, reduce: Sum(), SquareOf()) == 385)
        _ = try await takeNotes([1])
        for schedule in [.static, .dynamic(chunk: 3)] as [LoopSchedule] {
          for future in try await distributed(0..<10, schedule: schedule, NoteIndex()) { _ = try await future.fetch() }
          #expect(try await takeNotes([1])[0] == Array(0..<10))
        }
      }
    }

    @Test func loadsDifferByAtMostOne() async throws {
      try await withWorkers(3) { (pids) async throws in
        let places = try await distributed(0..<7, reduce: Concatenate(), Where())
        #expect(places == [0, 0, 0, 1, 1, 2, 2].map { pids[$0].rawValue })
        for future in try await distributed(0..<7, NoteIndex()) { _ = try await future.fetch() }
        #expect(try await takeNotes(pids) == [[0, 1, 2], [3, 4], [5, 6]])
      }
    }

    @Test func fewerIterationsThanWorkers() async throws {
      try await withWorkers(3) { (_) async throws in
        #expect(try await distributed(1...2, reduce: Sum(), Index()) == 3)
        #expect(try await distributed(5..<6, reduce: Max(), Index()) == 5)
        #expect(try await distributed(1...2, reduce: Sum(), schedule: .dynamic(chunk: 1), Index()) == 3)
      }
    }

    @Test func theRangeIsEvaluatedOnce() async throws {
      try await withWorkers(2) { (_) async throws in
        var evaluations = 0
        func range() -> Range<Int> {
          evaluations += 1
          return 0..<10
        }
        #expect(try await distributed(range(), reduce: Sum(), Index()) == 45)
        #expect(evaluations == 1)
      }
    }

    @Test func reductionsOverRandomDrawsLieInTheirRange() async throws {
      try await withWorkers(2) { (_) async throws in
        for _ in 0..<2 {
          let mean = try await distributed(0..<10_000, reduce: Sum(), Draw()) / 10_000
          #expect(mean > 0.4 && mean < 0.6)
          #expect(try await distributed(0..<100, reduce: Min(), Draw()) < 0.5)
          _ = Double.random(in: 0..<1)
        }
      }
    }

    @Test func theOrderIsKeptForReducersThatDoNotCommute() async throws {
      try await withWorkers(3) { (_) async throws in
        for schedule in [.static, .dynamic(chunk: 1), .dynamic(chunk: 17)] as [LoopSchedule] {
          #expect(
            try await distributed(0..<500, reduce: Concatenate(), schedule: schedule, AsArray()) == Array(0..<500))
          let composed = (0..<500).map { Affine()($0) }.reduce([1, 0]) { Compose().combine($0, $1) }
          #expect(try await distributed(0..<500, reduce: Compose(), schedule: schedule, Affine()) == composed)
        }
      }
    }

    @Test func rangesOfEveryTypeOfIntegers() async throws {
      try await withWorkers(2) { (_) async throws in
        #expect(try await sumTo10(UInt8.self) == [55, 55])
        #expect(try await sumTo10(UInt16.self) == [55, 55])
        #expect(try await sumTo10(UInt32.self) == [55, 55])
        #expect(try await sumTo10(UInt64.self) == [55, 55])
        #expect(try await sumTo10(UInt.self) == [55, 55])
        #expect(try await sumTo10(Int8.self) == [55, 55])
        #expect(try await sumTo10(Int16.self) == [55, 55])
        #expect(try await sumTo10(Int32.self) == [55, 55])
        #expect(try await sumTo10(Int64.self) == [55, 55])
        #expect(try await distributed(UInt8.min...UInt8.max, reduce: Sum(), Index()) == 255 * 128)
        #expect(try await distributed(Int.max - 1...Int.max, reduce: Max(), Index()) == Int.max)
        #expect(
          try await distributed(stride(from: 10, through: 0, by: -3), reduce: Concatenate(), AsArray()) == [
            10, 7, 4, 1,
          ])
      }
    }

    @Test func anEmptyRangeHasNoValue() async throws {
      try await withWorkers(1) { (_) async throws in
        for schedule in [.static, .dynamic(chunk: 2)] as [LoopSchedule] {
          let error = await thrown(ClusterError.self) {
            try await distributed(3..<3, reduce: Sum(), schedule: schedule, Index())
          }
          #expect(error?.code == .invalidArgument)
          #expect(try await distributed(3..<3, schedule: schedule, NoteIndex()).isEmpty)
        }
        let chunk = await thrown(ClusterError.self) {
          try await distributed(0..<3, reduce: Sum(), schedule: .dynamic(chunk: 0), Index())
        }
        #expect(chunk?.code == .invalidArgument)
      }
    }

    @Test(arguments: [.static, .dynamic(chunk: 2)] as [LoopSchedule])
    func withoutAReducerItReturnsAtOnce_andItsFuturesWaitForAllIterations(schedule: LoopSchedule) async throws {
      try await withWorkers(2) { (pids) async throws in
        let gate = Future<Int>()
        let futures = try await distributed(0..<10, schedule: schedule, AwaitAndNote(gate: gate))
        #expect(futures.count == 2)
        for future in futures { #expect(try await !future.isReady()) }
        #expect(try await takeNotes(pids) == [[], []])
        try await gate.put(1)
        for future in futures { _ = try await within(.seconds(20), "a part") { try await future.fetch() } }
        #expect(try await takeNotes(pids).flatMap { $0 }.sorted() == Array(0..<10))
      }
    }

    @Test func whatTheBodyThrowsIsThrownByTheFutureOfItsPart_andTheOthersGoOn() async throws {
      try await withWorkers(2) { (pids) async throws in
        let parts = try await distributed(0..<10, FailAt(index: 1))
        let error = await thrown(RemoteError.self) { try await parts[0].fetch() }
        #expect(error?.underlying as? Foobar == Foobar(number: 1))
        _ = try await parts[1].fetch()
        #expect(try await takeNotes(pids) == [[0], [5, 6, 7, 8, 9]])

        let lanes = try await distributed(0..<10, schedule: .dynamic(chunk: 1), FailAt(index: 1))
        var failures = 0
        for lane in lanes { do { _ = try await lane.fetch() } catch { failures += 1 } }
        #expect(failures == 1)
        #expect(try await takeNotes(pids).flatMap { $0 }.sorted() == [0, 2, 3, 4, 5, 6, 7, 8, 9])
      }
    }

    @Test(arguments: [.static, .dynamic(chunk: 10)] as [LoopSchedule])
    func aLostWorkerIsATypedError(schedule: LoopSchedule) async throws {
      try await withWorkers(2) { (pids) async throws in
        let error = await thrown(ProcessExitedError.self) {
          try await within(.seconds(30), "the loop") {
            try await distributed(0..<100, reduce: Sum(), schedule: schedule, DieAtIndex(index: 99))
          }
        }
        #expect(error.map { pids.contains($0.pid) } == true)
        #expect(try await distributed(0..<100, reduce: Sum(), Index()) == 4950)
      }
    }

    @Test func aLongLoopCanBeInterrupted() async throws {
      try await withWorkers(1) { (pids) async throws in
        let loop = Task.onCluster { try await distributed(0..<1_000_000, reduce: Sum(), SleepLong()) }
        try await eventually("it runs") { try await remotecallFetch(CountNotes(), on: pids[0]) == 1 }
        try await interrupt(pids)
        let error = await thrown(RemoteError.self) {
          try await within(.seconds(20), "the loop") { try await loop.value }
        }
        #expect((error?.underlying as? ClusterError)?.code == .interrupted)
      }
    }

    @Test func aLoopOnAWorkerUsesAllWorkers() async throws {
      try await withWorkers(2) { (pids) async throws in
        #expect(try await remotecallFetch(LoopThere(), on: pids[0]) == 385)
        #expect(try await distributed(1...10, reduce: Sum(), SquareOf()) == 385)
      }
    }

    @Test func whatIsSpawnedInAConditionalSeesOuterVariables_andMayWaitForWhatItSpawns() async throws {
      try await withWorkers(2) { (pids) async throws in
        let factor = 7
        var futures: [Future<Int>] = []
        for pid in pids where pid > 1 { futures.append(try await spawnat(pid, InnerSum(factor: factor))) }
        for future in futures { #expect(try await future.fetch() == 42) }
      }
    }
  }
}

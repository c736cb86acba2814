import Foundation
import Glibc
import Muster
import Synchronization
import Testing

/// Fails on odd items, or not at all.
struct Fragile: RemoteFunction {
  enum Weakness: String, Codable { case none, oddItems }
  let weakness: Weakness

  func callAsFunction(_ x: Int) throws -> [Int] {
    switch weakness {
    case .oddItems where x % 2 == 1: throw Foobar(number: x)
    default: return [x, myid().rawValue]
    }
  }
}

/// Fails on processes with even numbers; elsewhere it takes long enough for all of them to take part.
struct FailOnEven: RemoteFunction {
  func callAsFunction(_ x: Int) async throws -> [Int] {
    if myid().rawValue % 2 == 0 { throw Foobar(number: x) }
    try await Task.sleep(for: .milliseconds(2))
    return [x, myid().rawValue]
  }
}

let attempts = Mutex<[Int: Int]>([:])

/// Fails at the first attempts at an item on its process.
struct FailFirst: RemoteFunction {
  let times: Int
  func callAsFunction(_ x: Int) throws -> Int {
    let attempt = attempts.withLock { attempts in
      attempts[x, default: 0] += 1
      return attempts[x]!
    }
    if attempt <= times { throw Foobar(number: attempt) }
    attempts.withLock { $0[x] = nil }
    return x
  }
}

struct Slow: RemoteFunction {
  func callAsFunction(_ x: Int) async throws -> ProcessID {
    try await Task.sleep(for: .milliseconds(5))
    return myid()
  }
}

let concurrency = Mutex<(now: Int, most: Int)>((0, 0))

struct MeasureConcurrency: RemoteFunction {
  func callAsFunction(_ x: Int) async throws -> Int {
    let most = concurrency.withLock { state in
      state.now += 1
      state.most = max(state.most, state.now)
      return state.most
    }
    try await Task.sleep(for: .milliseconds(50))
    return concurrency.withLock { state in
      state.now -= 1
      return max(most, state.most)
    }
  }
}

struct PmapThere: RemoteThunk {
  func callAsFunction() async throws -> [ProcessID] { try await pmap(Slow(), 0..<60) }
}

struct Add: RemoteThunk {
  let a: Int
  let b: Int
  func callAsFunction() -> Int { a + b }
}

struct CountExecutions: RemoteFunction {
  func callAsFunction(_ x: Int) -> Int {
    notes.withLock { $0.append(x) }
    return x
  }
}

let replacement = [-1, -1]

struct Combination: CustomStringConvertible, Sendable {
  var distributed, batched, handled, delayed, checked: Bool
  static let all = (0..<32).map { bits in
    Combination(
      distributed: bits & 1 != 0, batched: bits & 2 != 0, handled: bits & 4 != 0, delayed: bits & 8 != 0,
      checked: bits & 16 != 0)
  }
  var description: String {
    [
      distributed ? "distributed" : "here", batched ? "batchSize 2" : "", handled ? "onError" : "",
      delayed ? "retryDelays" : "", checked ? "retryCheck" : "",
    ].filter { !$0.isEmpty }.joined(separator: ", ")
  }
}

extension ClusterTests {
  @Suite struct Pmap {
    /// Item 3, 7, … fail at the first attempt: what becomes of them depends on the options.
    @Test func all32CombinationsOfOptions() async throws {
      try await withWorkers(3) { (pids) async throws in
        for options in Combination.all {
          let expected = (0..<20).map { [$0] }
          let heard = Counter()
          let result = await Self.map(options, heard)
          switch (options.handled, options.delayed) {
          case (true, _):
            #expect(try result.get() == expected, "\(options)")
            #expect(heard.value.load(ordering: .relaxed) > 0, "\(options)")
          case (false, true):
            #expect(try result.get() == expected, "\(options)")
          case (false, false):
            guard case .failure(let error) = result else {
              Issue.record("\(options): no error")
              continue
            }
            #expect((error as? RemoteError)?.underlying is Foobar, "\(options): \(error)")
          }
        }
      }
    }

    private static func map(_ options: Combination, _ heard: Counter) async -> Result<[[Int]], any Error> {
      typealias OnError = @Sendable (any Error) async throws -> [Int]
      let replace: OnError = { error in
        heard.value.add(1, ordering: .relaxed)
        guard let foobar = (error as? RemoteError)?.underlying as? Foobar else { throw error }
        return [foobar.number]
      }
      let isFoobar: @Sendable (any Error) -> Bool = { ($0 as? RemoteError)?.underlying is Foobar }
      let delays: [Duration] = options.delayed ? Array(repeating: .milliseconds(1), count: 4) : []
      let token = UInt64.random(in: 0 ... .max)
      return await within0 {
        try await pmap(
          FailOddOnce(token: token), 0..<20, distributed: options.distributed, batchSize: options.batched ? 2 : 1,
          onError: options.handled ? replace : nil, retryDelays: delays, retryCheck: options.checked ? isFoobar : nil)
      }
    }

    @Test func aRetryCheckThatSaysNoEndsIt() async throws {
      try await withWorkers(2) { (_) async throws in
        let asked = Counter()
        let error = await thrown(RemoteError.self) {
          try await pmap(
            Fragile(weakness: .oddItems), [0, 1, 2], retryDelays: Array(repeating: .zero, count: 5),
            retryCheck: { _ in
              asked.value.add(1, ordering: .relaxed)
              return false
            })
        }
        #expect(error?.underlying as? Foobar == Foobar(number: 1))
        #expect(asked.value.load(ordering: .relaxed) == 1)
      }
    }

    @Test func resultsAreInTheOrderOfTheItemsAndAllWorkersTakePart() async throws {
      try await withWorkers(3) { (pids) async throws in
        #expect(try await pmap(Square(), 0..<1000) == (0..<1000).map { $0 * $0 })
        #expect(Set(try await pmap(Slow(), 0..<100)) == Set(pids))
        #expect(Set(try await pmap(Slow(), 0..<100, batchSize: 7)) == Set(pids))
        #expect(try await pmap(Square(), 0..<1000, batchSize: 7) == (0..<1000).map { $0 * $0 })
        #expect(try await pmap(Square(), 0..<3, batchSize: 1000) == [0, 1, 4])
      }
    }

    @Test func emptyAndLazySequences() async throws {
      try await withWorkers(2) { (_) async throws in
        #expect(try await pmap(Square(), [Int]()) == [])
        #expect(try await pmap(Square(), [Int](), batchSize: 5) == [])
        #expect(try await pmap(Square(), (1...5).lazy.filter { $0 % 2 == 1 }.map { $0 + 1 }) == [4, 16, 36])
        #expect(try await pmap(Square(), stride(from: 10, through: 0, by: -5)) == [100, 25, 0])
        var state = 0
        #expect(
          try await pmap(
            Square(),
            AnySequence {
              AnyIterator {
                state += 1
                return state <= 4 ? state : nil
              }
            }) == [1, 4, 9, 16])
        #expect(try await pmap(zip([1, 2, 3], [10, 20, 30])) { Add(a: $0, b: $1) } == [11, 22, 33])
        #expect(try await pmap([Int]()) { Add(a: $0, b: 1) } == [])
      }
    }

    @Test func theFirstFailureEndsItAsARemoteError() async throws {
      try await withWorkers(2) { (pids) async throws in
        for batchSize in [1, 3] {
          let error = await thrown(RemoteError.self) {
            try await within(.seconds(20), "pmap") {
              try await pmap(Fragile(weakness: .oddItems), [0, 2, 5, 4], batchSize: batchSize)
            }
          }
          #expect(error?.underlying as? Foobar == Foobar(number: 5))
          #expect(pids.contains(error?.pid ?? 0))
          #expect(error?.backtrace.isEmpty == false)
        }
        #expect(try await pmap(Square(), 1...3) == [1, 4, 9])
      }
    }

    @Test func afterAFailureNoMoreItemsAreSent() async throws {
      try await withWorkers(1) { (pids) async throws in
        _ = try await remotecallFetch(TakeNotes(), on: pids[0])
        await thrown(RemoteError.self) { try await pmap(NoteAndFailAtTen(), 0..<200_000) }
        // Until the failure is known here (finding the names of a backtrace takes milliseconds) others are sent.
        #expect(try await remotecallFetch(CountNotes(), on: pids[0]) < 100_000)
      }
    }

    @Test func onErrorReplacesOnlyTheItemsThatFailed() async throws {
      try await withWorkers(2) { (_) async throws in
        for batchSize in [1, 3] {
          let results = try await pmap(
            Fragile(weakness: .oddItems), 0..<50, batchSize: batchSize, onError: { _ in replacement })
          for (item, result) in results.enumerated() {
            #expect(item % 2 == 1 ? result == replacement : result.first == item && result != replacement)
          }
        }
      }
    }

    @Test func pmapResultsKeepsEveryErrorInItsPlace() async throws {
      try await withWorkers(2) { (_) async throws in
        for batchSize in [1, 3] {
          let results = await pmapResults(Fragile(weakness: .oddItems), 0..<50, batchSize: batchSize)
          #expect(results.count == 50)
          for (item, result) in results.enumerated() {
            switch result {
            case .success(let value): #expect(item % 2 == 0 && value.first == item)
            case .failure(let error): #expect((error as? RemoteError)?.underlying as? Foobar == Foobar(number: item))
            }
          }
        }
      }
    }

    @Test func itemsThatFailOnEvenProcessesEndOnOddOnesAllOfWhichAreUsed() async throws {
      try await withWorkers(4) { (pids) async throws in
        let results = try await within(.seconds(60), "pmap") {
          try await pmap(FailOnEven(), 0..<60, retryDelays: Array(repeating: .milliseconds(2), count: 1000))
        }
        #expect(results.map { $0[0] } == Array(0..<60))
        #expect(Set(results.map { ProcessID($0[1]) }) == Set(pids.filter { $0.rawValue % 2 == 1 }))
      }
    }

    @Test func aPoolOfGivenWorkersRestrictsIt() async throws {
      try await withWorkers(3) { (pids) async throws in
        #expect(Set(try await pmap(Slow(), 0..<40, on: WorkerPool([pids[1]]))) == [pids[1]])
        #expect(Set(try await pmap(Slow(), 0..<40, on: WorkerPool(pids.dropFirst()))) == Set(pids.dropFirst()))
        #expect(Set(try await pmap(Slow(), 0..<40, on: WorkerPool([1, pids[0]]))) == [1, pids[0]])
        let error = await thrown(ClusterError.self) {
          try await within(.seconds(20), "pmap") { try await pmap(Square(), 0..<4, on: WorkerPool([ProcessID]())) }
        }
        #expect(error?.code == .noWorkers)
      }
    }

    @Test func notDistributedItRunsHereOnly() async throws {
      try await withWorkers(2) { (_) async throws in
        #expect(Set(try await pmap(Slow(), 0..<40, distributed: false)) == [1])
        #expect(Set(try await pmap(Slow(), 0..<40, distributed: false, batchSize: 7)) == [1])
        // Concurrently, as Julia's asyncmap.
        #expect(try await pmap(MeasureConcurrency(), 0..<20, distributed: false).max()! > 1)
      }
    }

    @Test func theElementsOfABatchRunConcurrently() async throws {
      try await withWorkers(1) { (_) async throws in
        #expect(try await pmap(MeasureConcurrency(), 0..<10, batchSize: 10).max() == 10)
      }
    }

    @Test func pmapOnAWorkerUsesAllWorkers() async throws {
      try await withWorkers(3) { (pids) async throws in
        let used = try await within(.seconds(30), "pmap") { try await remotecallFetch(PmapThere(), on: pids[0]) }
        #expect(Set(used) == Set(pids))
      }
    }

    @Test func twoPmapsAtOnceShareTheWorkers() async throws {
      try await withWorkers(2) { (pids) async throws in
        let (first, second) = try await within(.seconds(60), "two pmaps") {
          async let first = pmap(Slow(), 0..<60)
          async let second = pmap(Slow(), 0..<60)
          return try await (first, second)
        }
        #expect(Set(first).isSubset(of: pids) && Set(second).isSubset(of: pids))
        #expect(first.count == 60 && second.count == 60)
        try await eventually("all workers are back") { try await defaultWorkerPool().isReady }
        var taken: Set<ProcessID> = []
        for _ in pids { taken.insert(try await within(.seconds(20), "take") { try await defaultWorkerPool().take() }) }
        #expect(taken == Set(pids))
        for pid in pids { defaultWorkerPool().put(pid) }
      }
    }

    // MARK: Cancellation and progress

    @Test func cancellingTheTaskEndsItAtOnce() async throws {
      try await withWorkers(2) { (pids) async throws in
        let mapping = Task { try await pmap(LongNap(), 0..<100) }
        try await eventually("it is under way") { try await !defaultWorkerPool().isReady }
        mapping.cancel()
        await thrown(CancellationError.self) { try await within(.seconds(20), "pmap") { try await mapping.value } }
        #expect(try await remotecallFetch(Square(), on: pids[0], 3) == 9)
        try await eventually("the workers are back") { try await defaultWorkerPool().isReady }
      }
    }

    @Test func progressIsShownOnStandardError() async throws {
      let result = try await RunningProgram.run(["progress"])
      #expect(result.code == 0)
      #expect(result.output == "sum 20100\n")
      #expect(result.errors.split(separator: "\n").last?.hasPrefix("100 %, 200 of 200") == true, "\(result.errors)")
    }
  }
}

struct LongNap: RemoteFunction {
  func callAsFunction(_ x: Int) async throws -> Int {
    try await Task.sleep(for: .seconds(3600))
    return x
  }
}

struct NoteAndFailAtTen: RemoteFunction {
  func callAsFunction(_ x: Int) throws -> Int {
    notes.withLock { $0.append(x) }
    if x == 10 { throw Foobar(number: x) }
    return x
  }
}

let failedOnce = Mutex<Set<[UInt64]>>([])

/// Odd items fail when a process sees them for the first time (of one map).
struct FailOddOnce: RemoteFunction {
  let token: UInt64
  func callAsFunction(_ x: Int) throws -> [Int] {
    if x % 2 == 1, failedOnce.withLock({ $0.insert([token, UInt64(x)]).inserted }) { throw Foobar(number: x) }
    return [x]
  }
}

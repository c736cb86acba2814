import Foundation
import Synchronization
import Testing

@testable import Muster

struct FetchFuture<Value: Codable & Sendable>: RemoteFunction {
  func callAsFunction(_ future: Future<Value>) async throws -> Value { try await future.fetch() }
}

struct PutFuture: RemoteFunction {
  let value: Int
  func callAsFunction(_ future: Future<Int>) async throws -> Bool {
    try await future.put(value)
    return future.cachedValue == value
  }
}

let keptFutures = Mutex<[Future<Int>]>([])

struct KeepFuture: RemoteProcedure {
  typealias Input = Future<Int>
  func callAsFunction(_ future: Future<Int>) { keptFutures.withLock { $0.append(future) } }
}

struct FetchKeptFutures: RemoteThunk {
  func callAsFunction() async throws -> [Int] {
    let futures = keptFutures.withLock { futures in
      defer { futures = [] }
      return futures
    }
    var values: [Int] = []
    for future in futures { values.append(try await future.fetch()) }
    return values
  }
}

/// Sends the futures it keeps to another process, and forgets them.
struct PassKeptFutures: RemoteThunk {
  let to: ProcessID

  func callAsFunction() async throws -> Int {
    let futures = keptFutures.withLock { futures in
      defer { futures = [] }
      return futures
    }
    for future in futures { _ = try await remotecallFetch(KeepFuture(), on: to, future) }
    return futures.count
  }
}

struct DropKeptFutures: RemoteThunk {
  func callAsFunction() -> Int {
    let futures = keptFutures.withLock { futures in
      defer { futures = [] }
      return futures
    }
    return futures.count
  }
}

struct MakeArray: RemoteFunction {
  func callAsFunction(_ count: Int) -> [Double] { (0..<count).map(Double.init) }
}

extension ClusterTests {
  @Suite struct Futures {
    @Test func aFutureIsGivenItsValueOnce() async throws {
      try await withWorkers(2) { (pids) async throws in
        for owner in [1, pids[0]] {
          let future = Future<Int>(on: owner)
          #expect(future.owner == owner)
          #expect(try await !future.isReady())
          #expect(future.cachedValue == nil)
          try await future.put(5)
          #expect(try await future.isReady())
          #expect(future.cachedValue == 5)
          #expect(await thrown(ClusterError.self) { try await future.put(6) }?.code == .alreadySet)
          #expect(try await future.fetch() == 5)
          // By another process, too.
          let error = await thrown(RemoteError.self) {
            try await remotecallFetch(PutFuture(value: 7), on: pids[1], future)
          }
          #expect((error?.underlying as? ClusterError)?.code == .alreadySet)
          #expect(try await future.fetch() == 5)
        }
      }
    }

    @Test func aFutureCanBeGivenItsValueByAnotherProcess() async throws {
      try await withWorkers(2) { (pids) async throws in
        for owner in [1, pids[0]] {
          let future = Future<Int>(on: owner)
          #expect(try await remotecallFetch(PutFuture(value: 11), on: pids[1], future))
          try await within(.seconds(20), "wait") { try await future.wait() }
          #expect(try await future.isReady())
          #expect(try await future.fetch() == 11)
          #expect(await thrown(ClusterError.self) { try await future.put(6) }?.code == .alreadySet)
        }
      }
    }

    @Test func fetchAndWaitSuspendUntilTheValueIsThere() async throws {
      try await withWorkers(2) { (pids) async throws in
        for owner in [1, pids[0]] {
          let future = Future<Int>(on: owner)
          let fetching = Task { try await future.fetch() }
          let waiting = Task { try await future.wait() }
          let remote = try await remotecall(FetchFuture<Int>(), on: pids[1], future)
          #expect(try await !future.isReady())
          #expect(try await !remote.isReady())
          try await future.put(3)
          #expect(try await within(.seconds(20), "fetch") { try await fetching.value } == 3)
          try await within(.seconds(20), "wait") { try await waiting.value }
          #expect(try await within(.seconds(20), "fetch elsewhere") { try await remote.fetch() } == 3)
        }
      }
    }

    @Test func tenConcurrentFetchesOfOneFuture() async throws {
      try await withWorkers(2) { (pids) async throws in
        for owner in [1, pids[0]] {
          let future = Future<Int>(on: owner)
          let call = try await remotecall(FetchFuture<Int>(), on: pids[1], future)
          let results = Task {
            try await withThrowingTaskGroup(of: Int.self) { group in
              for _ in 0..<10 {
                group.addTask { try await future.fetch() }
                group.addTask { try await call.fetch() }
              }
              return try await group.reduce(into: []) { $0.append($1) }
            }
          }
          try await future.put(4)
          #expect(
            try await within(.seconds(20), "20 fetches") { try await results.value } == Array(repeating: 4, count: 20))
        }
      }
    }

    @Test func aValueThatIsNilIsAValue() async throws {
      try await withWorkers(1) { (pids) async throws in
        let future = Future<Int?>(on: pids[0])
        try await future.put(nil)
        #expect(try await future.isReady())
        #expect(try await future.fetch() == nil)
        #expect(try await remotecallFetch(FetchFuture<Int?>(), on: pids[0], future) == nil)
        #expect(try await remotecall(Echo<Int?>(), on: pids[0], nil).fetch() == nil)
        #expect(try await remotecall(Echo<Nothing>(), on: pids[0], Nothing()).fetch() == Nothing())
      }
    }

    @Test func theResultOfACallTravelsToAnotherWorker() async throws {
      try await withWorkers(2) { (pids) async throws in
        for count in [10, 1_000_000] {
          let array = (0..<count).map(Double.init)
          let future = try await remotecall(MakeArray(), on: pids[0], count)
          #expect(try await remotecallFetch(FetchFuture<[Double]>(), on: pids[1], future) == array)
          #expect(try await remotecallFetch(FetchFuture<[Double]>(), on: pids[0], future) == array)
          #expect(try await future.fetch() == array)
          #expect(try await future.fetch() == array)
          // Fetched already: it has the value with it.
          #expect(try await remotecallFetch(FetchFuture<[Double]>(), on: pids[1], future) == array)
        }
      }
    }

    @Test func aResultStaysAlthoughItsCallerDropsItWhileAnotherHoldsIt() async throws {
      try await withWorkers(3) { (pids) async throws in
        do {
          let future = Future<Int>(on: pids[0])
          _ = try await remotecallFetch(KeepFuture(), on: pids[1], future)
          _ = try await remotecallFetch(KeepFuture(), on: pids[2], future)
          #expect(try await remotecallFetch(PutFuture(value: 17), on: pids[1], future))
        }
        // Every message of ours, the release included, has been dealt with.
        for _ in 0..<20 { _ = try await remotecallFetch(Identity(), on: pids[0]) }
        #expect(try await remotecallFetch(FetchKeptFutures(), on: pids[1]) == [17])
        #expect(try await remotecallFetch(FetchKeptFutures(), on: pids[2]) == [17])
        try await eventually("the owner forgets it") { try await remotecallFetch(KeptReferences(), on: pids[0]) == 0 }
      }
    }

    @Test func whatHasBeenFetchedOrDroppedIsForgottenByItsOwner() async throws {
      try await withWorkers(1) { (pids) async throws in
        let before = Cluster.process.references.count
        do {
          let fetched = try await remotecall(Square(), on: pids[0], 3)
          #expect(try await fetched.fetch() == 9)
          let large = try await remotecallWait(MakeArray(), on: pids[0], 100_000)
          #expect(try await remotecallFetch(KeptReferences(), on: pids[0]) >= 1)
          #expect(try await large.fetch().count == 100_000)
          for index in 0..<1000 { _ = try await remotecall(Square(), on: pids[0], index) }
          let mine = Future<Int>()
          #expect(Cluster.process.references.contains(mine.id))
          try await mine.put(3)
        }
        try await eventually("the worker keeps nothing") {
          try await remotecallFetch(KeptReferences(), on: pids[0]) == 0
        }
        await eventually("process 1 keeps nothing") { Cluster.process.references.count == before }
      }
    }

    @Test func aFutureForAnotherProcessMakesNothingThereUntilItIsUsed() async throws {
      try await withWorkers(1) { (pids) async throws in
        let future = Future<Int>(on: pids[0])
        #expect(try await remotecallFetch(KeptReferences(), on: pids[0]) == 0)
        #expect(try await !future.isReady())
        #expect(try await remotecallFetch(KeptReferences(), on: pids[0]) == 1)
        try await future.put(1)
        #expect(try await future.fetch() == 1)
      }
    }

    @Test func outsideTheClusterAReferenceIsEmptyAndHarmless() async throws {
      try await withWorkers(1) { (pids) async throws in
        let future = try await remotecall(Square(), on: pids[0], 3)
        let data = try JSONEncoder().encode([future])
        #expect(String(decoding: data, as: UTF8.self) == #"[{"owner":0}]"#)
        let copy = try JSONDecoder().decode([Future<Int>].self, from: data)[0]
        #expect(try await !copy.isReady())
        #expect(await thrown(ClusterError.self) { try await copy.fetch() }?.code == .invalidArgument)
        #expect(await thrown(ClusterError.self) { try await copy.put(1) }?.code == .invalidArgument)
        #expect(try await future.fetch() == 9)
      }
    }

    @Test func aFutureFetchedByItsOwnerIsHeldByItsMakerAloneAndForgottenWithIt() async throws {
      try await withWorkers(1) { (pids) async throws in
        do {
          let future = Future<Int>(on: pids[0])
          #expect(try await remotecallFetch(PutFuture(value: 5), on: pids[0], future))
          #expect(try await remotecallFetch(FetchFuture<Int>(), on: pids[0], future) == 5)
          try await eventually("only the maker holds it") {
            try await remotecallFetch(HoldersOf(), on: pids[0], future.id) == [1]
          }
        }
        try await expectNothingKept(by: [1] + pids)
      }
    }

    @Test func aFutureSentToAnotherProcessIsKeptUntilBothHaveFetched() async throws {
      try await withWorkers(2) { (pids) async throws in
        let future = Future<Int>(on: pids[0])
        _ = try await remotecallFetch(KeepFuture(), on: pids[1], future)
        #expect(try await remotecallFetch(PutFuture(value: 6), on: pids[0], future))
        #expect(try await future.fetch() == 6)
        try await eventually("the other one alone holds it") {
          try await remotecallFetch(HoldersOf(), on: pids[0], future.id) == [pids[1]]
        }
        #expect(try await remotecallFetch(FetchKeptFutures(), on: pids[1]) == [6])
        try await expectNothingKept(by: [1] + pids)
        // Fetched already: again, also there.
        #expect(try await future.fetch() == 6)
        #expect(try await remotecallFetch(FetchFuture<Int>(), on: pids[0], future) == 6)
      }
    }

    @Test func aWorkerDropsAFutureOfAnOwnerItNeverTalkedTo() async throws {
      try await withWorkers(3) { (pids) async throws in
        do {
          let future = Future<Int>(on: pids[0])
          _ = try await remotecallFetch(KeepFuture(), on: pids[1], future)
          _ = try await remotecallFetch(PassKeptFutures(to: pids[2]), on: pids[1])
        }
        try await eventually("the last one alone holds it") {
          try await remotecallFetch(KeptReferences(), on: pids[0]) == 1
        }
        _ = try await remotecallFetch(DropKeptFutures(), on: pids[2])
        try await expectNothingKept(by: [1] + pids)
      }
    }

    @Test func whatAProcessThatIsKilledHeldIsReleased() async throws {
      try await withWorkers(2) { (pids) async throws in
        do {
          let mine = Future<Int>()
          let its = Future<Int>(on: pids[0])
          for future in [mine, its] { _ = try await remotecallFetch(KeepFuture(), on: pids[1], future) }
          kill(try await osPID(of: pids[1]), SIGKILL)
          await eventually("the dead hold nothing here") { Cluster.process.references.holders(of: mine.id) == [1] }
          try await eventually("the dead hold nothing there") {
            try await remotecallFetch(HoldersOf(), on: pids[0], its.id) == [1]
          }
        }
        try await expectNothingKept(by: [1, pids[0]])
      }
    }

    @Test func aFetchThatWaitsCanBeCancelled() async throws {
      try await withWorkers(1) { (pids) async throws in
        for owner in [1, pids[0]] {
          let future = Future<Int>(on: owner)
          let fetching = Task { try await future.fetch() }
          let calling = Task { try await remotecallFetch(Nap(.seconds(3600)), on: pids[0]) }
          fetching.cancel()
          calling.cancel()
          await thrown(CancellationError.self) { try await within(.seconds(20), "fetch") { try await fetching.value } }
          await thrown(CancellationError.self) { try await within(.seconds(20), "call") { try await calling.value } }
          try await future.put(1)
          #expect(try await future.fetch() == 1)
        }
      }
    }

    @Test func futuresOfAProcessThatHasGoneFail() async throws {
      try await withWorkers(2) { (pids) async throws in
        let future = Future<Int>(on: pids[0])
        let fetching = Task { try await future.fetch() }
        let remote = try await remotecall(FetchFuture<Int>(), on: pids[1], future)
        let call = try await remotecall(Nap(.seconds(3600)), on: pids[0])
        #expect(try await !future.isReady())
        kill(try await osPID(of: pids[0]), SIGKILL)
        let error = await thrown(ProcessExitedError.self) {
          try await within(.seconds(20), "fetch") { try await fetching.value }
        }
        #expect(error?.pid == pids[0])
        await thrown(ProcessExitedError.self) { try await within(.seconds(20), "call") { try await call.fetch() } }
        let there = await thrown(RemoteError.self) {
          try await within(.seconds(20), "remote") { try await remote.fetch() }
        }
        // It may just have been about to connect to the process that was killed.
        let couldNotConnect = (there?.underlying as? ClusterError)?.code == .notConnected
        #expect(
          (there?.underlying as? ProcessExitedError)?.pid == pids[0] || couldNotConnect, "\(String(describing: there))")
      }
    }
  }
}

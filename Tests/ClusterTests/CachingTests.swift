import Glibc
import Synchronization
import Testing

@testable import Muster

let decodings = Mutex(0)
let encodings = Mutex(0)

/// Counts in each process how often it is encoded and decoded.
struct Ballast: Codable, Sendable {
  var numbers: [Double]

  init(_ count: Int, of value: Double = 1) { numbers = [Double](repeating: value, count: count) }

  init(from decoder: any Decoder) throws {
    decodings.withLock { $0 += 1 }
    numbers = try [Double](from: decoder)
  }

  func encode(to encoder: any Encoder) throws {
    encodings.withLock { $0 += 1 }
    try numbers.encode(to: encoder)
  }
}

struct TakeDecodings: RemoteThunk {
  func callAsFunction() -> Int {
    decodings.withLock { count in
      defer { count = 0 }
      return count
    }
  }
}

func takeDecodings(_ pids: [ProcessID]) async throws -> [Int] {
  var counts: [Int] = []
  for pid in pids { counts.append(try await remotecallFetch(TakeDecodings(), on: pid)) }
  return counts
}

struct SumCaptured: RemoteFunction {
  var ballast: Ballast
  var scalar = 0.0
  func callAsFunction(_ x: Int) async throws -> Double {
    // So that every worker takes part.
    try await Task.sleep(for: .milliseconds(2))
    return ballast.numbers.reduce(scalar, +) + Double(x)
  }
}

/// Captures an array three times; says whether it is the same memory here.
struct Thrice: RemoteThunk {
  let first: [Double]
  let second: [Double]
  let third: [Double]
  func callAsFunction() -> Bool {
    func base(_ array: [Double]) -> UnsafeRawPointer? { array.withUnsafeBytes { $0.baseAddress } }
    return base(first) == base(second) && base(second) == base(third) && first == third
  }
}

struct FetchCaptured: RemoteFunction {
  let future: Future<Int>
  let numbers: [Double]
  func callAsFunction(_ x: Int) async throws -> Int { try await future.fetch() + x }
}

struct NeverDecoded: RemoteFunction {
  var numbers = [Double](repeating: 1, count: 1000)

  init() {}
  init(from decoder: any Decoder) throws { throw Foobar(number: 1) }
  func encode(to encoder: any Encoder) throws { try numbers.encode(to: encoder) }
  func callAsFunction(_ x: Int) -> Int { x }
}

struct FailCaptured: RemoteFunction {
  let numbers: [Double]
  func callAsFunction(_ x: Int) throws -> Int {
    if x % 2 == 1 { throw Foobar(number: x) }
    return x
  }
}

struct StoredCount: RemoteThunk {
  func callAsFunction() -> Int { Cluster.current.storedFunctions.count }
}

struct EndAt: RemoteFunction {
  let fatal: Int
  let victim: ProcessID
  let numbers: [Double]
  func callAsFunction(_ x: Int) async throws -> Int {
    if x == fatal, myid() == victim { kill(getpid(), SIGKILL) }
    try await Task.sleep(for: .milliseconds(1))
    return x
  }
}

extension ClusterTests {
  @Suite struct Caching {
    @Test(arguments: [1, 7]) func capturedArraysCrossOncePerWorkerInAMap(batchSize: Int) async throws {
      try await withWorkers(2) { (pids) async throws in
        let function = SumCaptured(ballast: Ballast(50_000))
        encodings.withLock { $0 = 0 }
        let sums = try await pmap(function, 0..<60, batchSize: batchSize)
        #expect(sums == (0..<60).map { 50_000 + Double($0) })
        #expect(try await takeDecodings(pids) == [1, 1])
        // Whatever the number of items and of workers.
        #expect(encodings.withLock { $0 } == 1)
      }
    }

    @Test(arguments: PoolKind.allCases) func anUnchangedCaptureIsSentOnceForFiveCallsAndAChangedOneEachTime(
      kind: PoolKind
    ) async throws {
      try await withWorkers(1) { (pids) async throws in
        let pool = kind.pool(pids)
        var function = SumCaptured(ballast: Ballast(50_000))
        for x in 0..<5 { #expect(try await remotecallFetch(function, on: pool, x) == 50_000 + Double(x)) }
        #expect(try await takeDecodings(pids) == [1])
        for x in 0..<5 {
          function.ballast.numbers[x] += 1
          #expect(try await remotecallFetch(function, on: pool, 0) == 50_001 + Double(x))
        }
        #expect(try await takeDecodings(pids) == [5])
        // The way it is called makes no difference.
        #expect(try await remotecall(function, on: pool, 1).fetch() == 50_006)
        #expect(try await remotecallWait(function, on: pool, 1).fetch() == 50_006)
        try await remoteDo(function, on: pool, 1)
        #expect(try await pmap(function, [2, 3], on: pool) == [50_007, 50_008])
        #expect(try await takeDecodings(pids).allSatisfy { $0 <= 1 })
      }
    }

    @Test func aCapturedScalarArrivesAndSoDoItsLaterValues() async throws {
      try await withWorkers(1) { (pids) async throws in
        for count in [1, 50_000] {
          var function = SumCaptured(ballast: Ballast(count))
          for scalar in [1.0, 2.5, 1.0] {
            function.scalar = scalar
            #expect(try await pmap(function, [0]) == [Double(count) + scalar])
            #expect(try await remotecallFetch(function, on: pids[0], 0) == Double(count) + scalar)
          }
        }
      }
    }

    @Test func theContentsOfACapturedArrayAreFreshAfterAMutation() async throws {
      try await withWorkers(2) { (pids) async throws in
        for count in [3, 50_000] {
          var function = SumCaptured(ballast: Ballast(count))
          for change in 0..<3 {
            #expect(Set(try await pmap(function, [0, 0, 0, 0])) == [Double(count + change)])
            function.ballast.numbers[0] += 1
          }
        }
      }
    }

    @Test func anArrayThatIsCapturedThreeTimesIsOneOnTheWorker() async throws {
      try await withWorkers(1) { (pids) async throws in
        let array = (0..<50_000).map(Double.init)
        let function = Thrice(first: array, second: array, third: array)
        #expect(try await remotecallFetch(function, on: pids[0]))
        #expect(try await remotecallFetch(function, on: WorkerPool(pids)))
      }
    }

    @Test func smallFunctionsTravelWithEveryCall() async throws {
      try await withWorkers(1) { (pids) async throws in
        #expect(try await pmap(SumCaptured(ballast: Ballast(2)), 0..<5) == (2..<7).map(Double.init))
        #expect(try await pmap(Square(), 0..<5) == [0, 1, 4, 9, 16])
        #expect(try await remotecallFetch(StoredCount(), on: pids[0]) == 0)
      }
    }

    @Test func aFunctionThatWasPushedOutIsSentAgain() async throws {
      try await withWorkers(1) { (pids) async throws in
        let limit = StoredFunctions.limits.count
        for number in 0...limit {
          let function = SumCaptured(ballast: Ballast(200, of: Double(number)))
          #expect(try await remotecallFetch(function, on: defaultWorkerPool(), 0) == 200 * Double(number))
        }
        #expect(try await remotecallFetch(StoredCount(), on: pids[0]) == limit)
        _ = try await takeDecodings(pids)
        #expect(try await pmap(SumCaptured(ballast: Ballast(200, of: 0)), 0..<3) == [0, 1, 2])
        #expect(try await takeDecodings(pids) == [1])
      }
    }

    @Test func manyItemsAtOnceWaitForOneTransfer() async throws {
      try await withWorkers(1) { (pids) async throws in
        let pool = WorkerPool(pids)
        let function = SumCaptured(ballast: Ballast(100_000))
        try await withThrowingTaskGroup(of: Void.self) { group in
          for x in 0..<20 {
            // All on one worker, which is taken only as long as one call lasts.
            group.addTask {
              let sum = try await remotecallFetch(function, on: WorkerPool(pids), x)
              #expect(sum == 100_000 + Double(x))
            }
          }
          try await group.waitForAll()
        }
        #expect(try await takeDecodings(pids) == [1])
        #expect(try await pool.isReady)
      }
    }

    @Test func functionsThatHoldReferencesAreSentEachTime() async throws {
      try await withWorkers(2) { (pids) async throws in
        let numbers = [Double](repeating: 1, count: 50_000)
        for value in 1...3 {
          let future = Future<Int>()
          try await future.put(value)
          let unset = Future<Int>(on: pids[1])
          #expect(try await pmap(FetchCaptured(future: future, numbers: numbers), [0, 10]) == [value, 10 + value])
          async let late = pmap(FetchCaptured(future: unset, numbers: numbers), [0, 10])
          try await unset.put(-value)
          #expect(try await late == [-value, 10 - value])
        }
        #expect(try await remotecallFetch(StoredCount(), on: pids[0]) == 0)
      }
    }

    @Test func aFunctionThatCannotBeDecodedIsATypedErrorAndTheNextCallWorks() async throws {
      try await withWorkers(1) { (pids) async throws in
        for _ in 0..<2 {
          let error = await thrown(RemoteError.self) { try await pmap(NeverDecoded(), 0..<10) }
          #expect((error?.underlying as? ClusterError)?.code == .cannotDecode, "\(String(describing: error))")
          await thrown(RemoteError.self) { try await remotecallFetch(NeverDecoded(), on: defaultWorkerPool(), 1) }
        }
        #expect(try await pmap(SumCaptured(ballast: Ballast(1000)), [0]) == [1000])
      }
    }

    @Test(arguments: [1, 4]) func itsErrorsAndDeathsAreThoseOfAnyFunction(batchSize: Int) async throws {
      try await withWorkers(3) { (pids) async throws in
        let numbers = [Double](repeating: 1, count: 1000)
        let results = await pmapResults(FailCaptured(numbers: numbers), 0..<30, batchSize: batchSize)
        for (x, result) in results.enumerated() {
          switch result {
          case .success(let value): #expect(value == x && x % 2 == 0)
          case .failure(let error): #expect((error as? RemoteError)?.underlying as? Foobar == Foobar(number: x))
          }
        }
        let survived = try await within(.seconds(60), "pmap") {
          try await pmap(
            EndAt(fatal: 20, victim: pids[1], numbers: numbers), 0..<200, batchSize: batchSize,
            retryDelays: Array(repeating: .milliseconds(1), count: 5))
        }
        #expect(survived == Array(0..<200))
      }
    }

    // MARK: CachingPool

    @Test func pmapOnACachingPoolWorksAndClearEmptiesItsCache() async throws {
      try await withWorkers(2) { (pids) async throws in
        let pool = CachingPool(workers())
        let function = SumCaptured(ballast: Ballast(1000))
        for _ in 0..<2 { #expect(try await pmap(function, 0..<40, on: pool) == (1000..<1040).map(Double.init)) }
        #expect(pool.cacheCount == 2)
        #expect(try await takeDecodings(pids) == [1, 1])
        try await clear(pool)
        #expect(pool.cacheCount == 0)
        for pid in pids { #expect(try await remotecallFetch(StoredCount(), on: pid) == 0) }
        #expect(try await pmap(function, 0..<40, on: pool) == (1000..<1040).map(Double.init))
        #expect(pool.cacheCount == 2)
      }
    }

    @Test func theCacheOfAPoolEndsWithThePool() async throws {
      try await withWorkers(2) { (pids) async throws in
        do {
          let pool = CachingPool(pids)
          _ = try await pmap(SumCaptured(ballast: Ballast(1000)), 0..<40, on: pool)
          #expect(pool.cacheCount == 2)
        }
        for pid in pids {
          try await eventually("process \(pid) keeps nothing") {
            try await remotecallFetch(StoredCount(), on: pid) == 0
          }
        }
      }
    }

    @Test func aCachingPoolKeepsMoreThanOthers() async throws {
      try await withWorkers(1) { (pids) async throws in
        let pool = CachingPool(pids)
        let count = StoredFunctions.limits.count + 5
        for _ in 0..<2 {
          for number in 0..<count {
            let function = SumCaptured(ballast: Ballast(200, of: Double(number)))
            #expect(try await remotecallFetch(function, on: pool, 0) == 200 * Double(number))
          }
        }
        #expect(try await takeDecodings(pids) == [count])
        #expect(pool.cacheCount == count)
      }
    }

    @Test func theDefaultPoolCanBeReplacedByACachingPoolUsedAndRestored() async throws {
      try await withWorkers(2) { (pids) async throws in
        let old = defaultWorkerPool()
        let pool = CachingPool(workers())
        setDefaultWorkerPool(pool)
        #expect(try await pmap(SumCaptured(ballast: Ballast(1000)), 0..<40) == (1000..<1040).map(Double.init))
        #expect((defaultWorkerPool() as? CachingPool)?.cacheCount == 2)
        let more = try await addprocs(1)
        #expect(try await pool.workers == pids + more)
        setDefaultWorkerPool(old)
        #expect(defaultWorkerPool() === old)
        #expect(Set(try await pmap(Slow(), 0..<60)) == Set(pids + more))
      }
    }
  }
}

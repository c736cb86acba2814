import Muster
import MusterMacros
import Synchronization
import Testing

@Remote func squared(_ x: Int) -> Int { x * x }
@Remote func added(_ x: Double, by y: Double = 0.5) -> Double { x + y }
@Remote func whereAmI() -> ProcessID { myid() }
@Remote func asked(_ pid: ProcessID) async throws -> ProcessID { try await fetchfrom(pid, $whereAmI) }
@Remote func noted(_ note: Int) { notes.withLock { $0.append(note) } }
@Remote func notedBoth(_ first: Int, and second: Int) { notes.withLock { $0 += [first, second] } }
@Remote func notedNothing() async { notes.withLock { $0.append(0) } }
@Remote func checked(_ x: Int, below limit: Int) throws(OutOfRange) -> Int {
  if x < limit { return x }
  throw OutOfRange(x: x)
}
@Remote private func secret(_ x: Int) -> Int { -x }
@Remote private func secretSum(_ x: Int, _ y: Int) -> Int { -x - y }
// The names of functions, types and parameters may be keywords and each other's.
@Remote public func `repeat`(_ repeat: Int, in: [Int]) -> [Int] { Array(repeating: `repeat`, count: `in`.count) }
@Remote func constant(_: Int, _: Int) -> Int { 3 }
@MainActor @Remote func onMain(_ x: Int) -> Int { x + 1 }

struct OutOfRange: Error, Codable, Equatable { let x: Int }

struct Vector: Codable, Sendable, Equatable {
  var x: Int

  @Remote static func plus(_ a: Self, _ b: Vector) -> Self { Vector(x: a.x + b.x) }

  struct Basis<Element: Codable & Sendable & Comparable> {
    @Remote static func largest(_ values: [Element]) -> Element? { values.max() }
  }
}

extension Vector {
  enum Norm {}
}

extension Vector.Norm {
  @Remote public static func of(_ vector: Vector) -> Int { abs(vector.x) }
}

/// A closure of a program that has been built otherwise.
private struct ForeignClosure: RemoteClosureBody {
  static var _site: String { "Elsewhere/Main.swift:1:2" }
  func _run(_ input: Int) async throws -> Int { input }
}

extension ClusterTests {
  @Suite struct Macros {
    private static let doubled = #remote { (x: Int) -> Int in 2 * x }

    @Test func aFunctionIsUsableWhereverARemoteFunctionIs() async throws {
      try await withWorkers(2) { (pids) async throws in
        #expect(try await remotecallFetch($squared, on: pids[0], 5) == 25)
        #expect(try await remotecall($squared, on: pids[1], 6).fetch() == 36)
        #expect(try await remote($squared)(7) == 49)
        #expect(try await pmap($squared, 1...50, batchSize: 7) == (1...50).map { $0 * $0 })
        #expect(try await pmap($squared, 1...50, on: CachingPool(pids)) == (1...50).map { $0 * $0 })
        #expect($squared(8) == 64)
        #expect(try await fromEach(pids, $whereAmI) == pids)
        #expect(try await spawnat(pids[0], $whereAmI).fetch() == pids[0])
        #expect(try await remotecallFetch($asked, on: pids[0], pids[1]) == pids[1])
        #expect(try await remotecallFetch($onMain, on: 1, 1) == 2)
      }
    }

    @Test func severalParametersMakeAThunk() async throws {
      try await withWorkers(2) { (pids) async throws in
        #expect(try await fetchfrom(pids[0], $added(5, by: 2.5)) == 7.5)
        #expect(try await fetchfrom(pids[0], $added(5)) == 5.5)
        let sums = try await pmap(zip([1.0, 2], [3.0, 4])) { $added($0, by: $1) }
        #expect(sums == [4, 6])
        #expect(try await fetchfrom(pids[1], $repeat(3, in: [0, 0])) == [3, 3])
        #expect(try await fetchfrom(pids[1], $constant(1, 2)) == 3)
      }
    }

    @Test func functionsWithoutAResultAreProceduresAndActions() async throws {
      try await withWorkers(1) { (pids) async throws in
        _ = try await remotecallWait($noted, on: pids[0], 5)
        _ = try await remotecallWait($notedBoth(6, and: 7), on: pids[0])
        try await everywhere(on: pids, $notedNothing)
        #expect(try await fetchfrom(pids[0], TakeNotes()) == [5, 6, 7, 0])
      }
    }

    @Test func whatAFunctionThrowsArrives() async throws {
      try await withWorkers(1) { (pids) async throws in
        #expect(try await fetchfrom(pids[0], $checked(1, below: 2)) == 1)
        let error = await #expect(throws: RemoteError.self) { try await fetchfrom(pids[0], $checked(3, below: 2)) }
        #expect(error?.underlying as? OutOfRange == OutOfRange(x: 3))
      }
    }

    @Test func privateStaticAndNestedFunctionsAreFound() async throws {
      try await withWorkers(1) { (pids) async throws in
        #expect(try await remotecallFetch($secret, on: pids[0], 5) == -5)
        #expect(try await fetchfrom(pids[0], $secretSum(1, 2)) == -3)
        #expect(try await fetchfrom(pids[0], Vector.$plus(Vector(x: 1), Vector(x: 2))) == Vector(x: 3))
        #expect(try await remotecallFetch(Vector.Basis<String>.$largest, on: pids[0], ["a", "c", "b"]) == "c")
        #expect(try await remotecallFetch(Vector.Norm.$of, on: pids[0], Vector(x: -4)) == 4)
      }
    }

    @Test func aClosureRunsOnAWorkerWithItsCaptures() async throws {
      try await withWorkers(2) { (pids) async throws in
        let table = (0..<1000).map { Double($0) }
        let scaled = #remote { [table = table as [Double], k = Double(2 + pids.count) as Double] (i: Int) -> Double in
          let value = table[i]
          return [value].map { $0 * k }[0]
        }
        let expected = (0..<1000).map { Double(4 * $0) }
        #expect(try await pmap(scaled, 0..<1000) == expected)
        // Large enough that each worker gets it once.
        #expect(try await pmap(scaled, 0..<1000, on: CachingPool(pids)) == expected)
        #expect(try await remotecallFetch(Self.doubled, on: pids[0], 4) == 8)
      }
    }

    @Test func everyClosureIsItself() async throws {
      try await withWorkers(1) { (pids) async throws in
        let (one, two) = (#remote { (x: Int) -> Int in x + 1 }, #remote { (x: Int) -> Int in x + 2 })
        #expect(try await remotecallFetch(one, on: pids[0], 1) == 2)
        #expect(try await remotecallFetch(two, on: pids[0], 1) == 3)
        #expect(try await remotecallFetch(#remote { (x: Int) -> Int in x + 3 }, on: pids[0], 1) == 4)
        #expect(try await remotecallFetch(#remote { (x: Int) -> Int in x + 4 }, on: pids[0], 1) == 5)
      }
    }

    @Test func closuresAwaitThrowAndReturnNothing() async throws {
      try await withWorkers(2) { (pids) async throws in
        let peer = pids[1]
        let there = try await fetchfrom(
          pids[0],
          #remote { [peer = peer as ProcessID] () -> [ProcessID] in [myid(), try await fetchfrom(peer, $whereAmI)] })
        #expect(there == pids)
        let future = Future<Int>()
        _ = try await remotecallWait(
          #remote { [future = future as Future<Int>] (x: Int) -> Void in try await future.put(x) }, on: pids[0], 9)
        #expect(try await future.fetch() == 9)
        try await everywhere(on: pids, #remote { () -> Void in notes.withLock { $0 = [3] } })
        #expect(try await fromEach(pids, TakeNotes()) == [[3], [3]])
        let main = #remote { @MainActor (x: Int) -> Int in
          MainActor.assertIsolated()
          return x
        }
        #expect(try await remotecallFetch(main, on: 1, 5) == 5)
        let failing = #remote { (x: Int) throws -> Int in throw OutOfRange(x: x) }
        let error = await #expect(throws: RemoteError.self) { try await remotecallFetch(failing, on: peer, 1) }
        #expect(error?.underlying as? OutOfRange == OutOfRange(x: 1))
      }
    }

    @Test func aClosureOfAnotherBuildIsAnErrorThatNamesIt() async throws {
      try await withWorkers(1) { (pids) async throws in
        let error = await #expect(throws: ClusterError.self) {
          try await remotecallFetch(RemoteClosure(ForeignClosure()), on: pids[0], 1)
        }
        #expect(error?.code == .cannotDecode)
        #expect(error?.message.contains("there is no #remote at Elsewhere/Main.swift:1:2 in this build") == true)
      }
    }
  }
}

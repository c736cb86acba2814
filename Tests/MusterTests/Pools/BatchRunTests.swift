import Synchronization
import Testing

@testable import Muster

/// Where the items of a test's batch meet.
enum MeetingPlace {
  private static let arrived = Mutex<[Int: Int]>([:])
  static func arrive(_ place: Int) -> Int {
    arrived.withLock { arrived in
      arrived[place, default: 0] += 1
      return arrived[place]!
    }
  }
  static func count(_ place: Int) -> Int { arrived.withLock { $0[place] ?? 0 } }
}

/// Returns only when `count` items are under way.
struct MeetOthers: RemoteFunction {
  let place: Int
  let count: Int
  func callAsFunction(_ item: Int) async throws -> Int {
    _ = MeetingPlace.arrive(place)
    while MeetingPlace.count(place) < count { try await Task.sleep(for: .milliseconds(1)) }
    return item
  }
}

/// Says as how many'th it ran, without suspending.
struct WriteOrder: RemoteFunction {
  let place: Int
  func callAsFunction(_ item: Int) -> Int { MeetingPlace.arrive(place) }
}

struct FailOdd: RemoteFunction {
  func callAsFunction(_ item: Int) async throws -> Int {
    if item % 3 == 0 { await Task.yield() }
    if item % 2 == 1 { throw Complaint(text: "\(item)") }
    return item
  }
}

@Test func `items that suspend run at the same time`() async throws {
  try await withClusterPair { _ async throws in
    let result = await BatchRun(function: MeetOthers(place: 1, count: 50), inputs: Array(0..<50)).run()
    #expect(result.values == Array(0..<50) && result.failures.isEmpty)
  }
}

@Test func `items that do not suspend run in order`() async throws {
  try await withClusterPair { _ async throws in
    let result = await BatchRun(function: WriteOrder(place: 2), inputs: Array(0..<100)).run()
    #expect(result.values == Array(1...100))
  }
}

@Test func `each item of a batch has its own value or error, in its place`() async throws {
  try await withClusterPair { _ async throws in
    let result = await BatchRun(function: FailOdd(), inputs: Array(0..<9)).run()
    #expect(result.values == [0, 2, 4, 6, 8] && result.failedPositions == [1, 3, 5, 7])
    let results = try roundTrip(result).results()
    #expect(results.count == 9)
    for (position, result) in results.enumerated() {
      do {
        #expect(try result.get() == position && position % 2 == 0)
      } catch let error as RemoteError {
        #expect(error.underlying as? Complaint == Complaint(text: "\(position)"))
      }
    }
  }
}

@Test func `a batch of nothing has no results`() async throws {
  try await withClusterPair { _ async throws in
    let result = await BatchRun(function: FailOdd(), inputs: []).run()
    #expect(result.values.isEmpty && result.results().isEmpty)
  }
}

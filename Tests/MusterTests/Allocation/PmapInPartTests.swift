import CMuster
import Glibc
import Testing

@testable import Muster

@Suite struct PmapInPartTests {
  /// Runs a map that has so much time.
  private func map<F: RemoteFunction>(
    _ function: F, _ items: [F.Input], for time: Duration, retryDelays: [Duration] = []
  ) async throws -> PartialMap<F.Output> {
    let call = try PmapCall(pool: nil, distributed: true, batchSize: 1, progress: .none)
    let policy = FailurePolicy<F.Output>(onError: nil, retryDelays: retryDelays, retryCheck: nil)
    let end = muster_now() &+ UInt64(time.nanoseconds)
    return PartialMap(values: try await call.mapInPart(function, items, policy, until: end, journal: nil))
  }

  @Test func outsideOfAnAllocationThereIsNoEnd() async throws {
    try await withClusterPair { pair in
      pair.one.addToDefaultPool(2)
      #expect(await timeLeft() == nil)
      let part = try await pmap(Square(), 0..<100, stopBefore: .seconds(60))
      #expect(part.isComplete && part.left.isEmpty)
      #expect(part.values == (0..<100).map { $0 * $0 })
    }
  }

  @Test func nothingIsHandedOutWhenTimeIsOver() async throws {
    try await withClusterPair { pair in
      pair.one.addToDefaultPool(2)
      let part = try await map(Square(), [1, 2, 3], for: .zero)
      #expect(part.values == [nil, nil, nil] && part.left == [0, 1, 2])
    }
  }

  @Test func whatRunsWhenTimeIsOverIsInterruptedAndLeft() async throws {
    try await withClusterPair { pair in
      pair.one.addToDefaultPool(2)
      let hold = Hold.new()
      let part = try await map(HoldIfNegative(hold: hold), [1, 2, -1, 3], for: .milliseconds(300))
      #expect(part.values[..<3] == [1, 2, nil])
      #expect(part.left.contains(2))
      #expect(Hold.isWaited(hold))
    }
  }

  @Test func whatIsToBeRetriedLaterIsLeft() async throws {
    try await withClusterPair { pair in
      pair.one.addToDefaultPool(2)
      let part = try await map(
        Complain(), [1, 2], for: .milliseconds(200), retryDelays: [.milliseconds(10), .seconds(3600)])
      #expect(part.left == [0, 1])
    }
  }

  @Test func aWarningEndsTheMap() async throws {
    try await withClusterPair { pair in
      pair.one.addToDefaultPool(2)
      let hold = Hold.new()
      let work = Task.onCluster { try await map(HoldIfNegative(hold: hold), [1, -1], for: .seconds(3600)) }
      await eventually("the second item runs") { Hold.isWaited(hold) }
      kill(getpid(), SIGTERM)
      let part = try await work.value
      #expect(part.left == [1])
    }
  }

  @Test func warningsAreEvents() async throws {
    let warnings = allocationWarnings()
    var iterator = warnings.makeAsyncIterator()
    kill(getpid(), SIGUSR1)
    #expect(await iterator.next() == .user1)
    kill(getpid(), SIGTERM)
    #expect(await iterator.next() == .terminate)
  }

  @Test func cancellingTheTaskEndsTheMapWithAnError() async throws {
    try await withClusterPair { pair in
      pair.one.addToDefaultPool(2)
      let hold = Hold.new()
      let work = Task.onCluster { try await map(HoldIfNegative(hold: hold), [-1], for: .seconds(3600)) }
      await eventually("it runs") { Hold.isWaited(hold) }
      work.cancel()
      await #expect(throws: CancellationError.self) { _ = try await work.value }
    }
  }
}

/// Returns positive numbers; waits with others until it is released or cancelled.
struct HoldIfNegative: RemoteFunction {
  let hold: Int

  func callAsFunction(_ x: Int) async throws -> Int {
    if x < 0 { _ = try await WaitUntilReleased(hold: hold)() }
    return x
  }
}

@Suite struct ItemTimesTests {
  @Test func nothingIsExpectedOfTheFirstItem() { #expect(ItemTimes().expected == .zero) }

  @Test func itemsThatTakeEquallyLongAreExpectedToTakeThat() {
    var times = ItemTimes()
    for _ in 0..<10 { times.add(.seconds(3)) }
    #expect(abs(times.expected / .seconds(3) - 1) < 1e-9)
  }

  @Test func oneLongItemAmongManyIsNotWhatIsExpectedOfAll() {
    var times = ItemTimes()
    for _ in 0..<99 { times.add(.seconds(1)) }
    times.add(.seconds(100))
    #expect(times.expected > .seconds(10) && times.expected < .seconds(30))
  }

  @Test func noMoreIsExpectedThanTheLongest() {
    var times = ItemTimes()
    times.add(.seconds(1))
    times.add(.seconds(9))
    #expect(times.expected == .seconds(9))
  }

  @Test func aMapHandsOutWhatCanBeBackInTime() {
    let limit = PmapLimit(end: muster_now() &+ 3_600_000_000_000)
    #expect(limit.allowsAnother)
    limit.answered(WorkUnit(positions: 0..<1), sent: muster_now() &- 1_800_000_000_000)
    #expect(limit.allowsAnother)
    #expect(!limit.allowsAnother(now: limit.end &- 1_700_000_000_000))
  }
}

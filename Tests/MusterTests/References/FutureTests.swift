import Synchronization
import Testing

@testable import Muster

/// Fetches a future it was sent.
struct FetchIt: RemoteFunction {
  func callAsFunction(_ future: Future<Int>) async throws -> Int { try await future.fetch() }
}

/// Gives a future it was sent a value.
struct PutIt: RemoteFunction {
  var value = 42
  func callAsFunction(_ future: Future<Int>) async throws -> Nothing {
    try await future.put(value)
    return Nothing()
  }
}

/// Makes a future on the process that runs it, with a value.
struct MakeFuture: RemoteFunction {
  func callAsFunction(_ value: Int) async throws -> Future<Int> {
    let future = Future<Int>()
    try await future.put(value)
    return future
  }
}

private func expectNothingKept(_ pair: ClusterPair, sourceLocation: SourceLocation = #_sourceLocation) async {
  await expectNothingKept(by: [pair.one, pair.two], sourceLocation: sourceLocation)
}

@Test(arguments: [1, 2] as [ProcessID])
func `the result of a call is fetched, again and again, and then kept nowhere else`(pid: ProcessID) async throws {
  try await withClusterPair { pair async throws in
    do {
      let future = try await remotecall(Square(), on: pid, 9)
      #expect(future.owner == pid && future.id.whence == 1)
      for _ in 0..<3 { #expect(try await future.fetch() == 81) }
      #expect(try await future.isReady())
    }
    await expectNothingKept(pair)
  }
}

@Test func `a fetched value is cached, a failed call is thrown each time`() async throws {
  try await withClusterPair { pair async throws in
    let future = try await remotecall(Square(), on: 2, 9)
    #expect(try await future.fetch() == 81 && future.cachedValue == 81)
    let failing = try await remotecall(Complain(), on: 2, 1)
    for _ in 0..<2 {
      await #expect(throws: RemoteError.self) { try await failing.fetch() }
    }
    #expect(failing.cachedValue == nil)
    await #expect(throws: RemoteError.self) { try await remotecallWait(Complain(), on: 2, 1) }
    try await expectSuccess(of: remotecallWait(Square(), on: 2, 2))
    await expectCode(.alreadySet) { try await future.put(1) }
    await expectCode(.alreadySet) { try await remotecall(Square(), on: 2, 9).put(1) }
  }
}

private func expectSuccess(of future: Future<Int>) async throws { #expect(try await future.fetch() == 4) }

@Test func `a large result stays with its owner until it is fetched`() async throws {
  try await withClusterPair { pair async throws in
    let numbers = (0..<100_000).map { Double($0) }
    do {
      let future = try await remotecall(Echo<[Double]>(), on: 2, numbers)
      try await future.wait()
      #expect(future.cachedValue == nil && pair.two.references.contains(future.id))
      #expect(try await future.fetch() == numbers)
    }
    await expectNothingKept(pair)
  }
}

@Test func `a result that nobody wants is dropped by its owner`() async throws {
  try await withClusterPair { pair async throws in
    for number in 0..<300 {
      _ = try await remotecall(Echo<[Double]>(), on: 2, Array(repeating: 1, count: number * 100))
    }
    await expectNothingKept(pair)
    #expect(pair.linkToTwo.pending.withLock { $0.count } == 0)
  }
}

@Test(arguments: [1, 2] as [ProcessID])
func `a future is empty until it is put, and put once`(owner: ProcessID) async throws {
  try await withClusterPair { pair async throws in
    do {
      let future = Future<Int>(on: owner)
      #expect(try await !future.isReady() && future.cachedValue == nil)
      #expect((owner == 1 ? pair.one : pair.two).references.contains(future.id))
      try await future.put(5)
      #expect(try await future.isReady() && future.cachedValue == 5)
      #expect(try await future.fetch() == 5)
      await expectCode(.alreadySet) { try await future.put(6) }
      #expect(try await future.fetch() == 5)
    }
    await expectNothingKept(pair)
  }
}

@Test func `a future for another process makes nothing there until it is used`() async throws {
  try await withClusterPair { pair async throws in
    do {
      let future = Future<Int>(on: 2)
      _ = try await remotecallFetch(WhoAmI(), on: 2)
      #expect(pair.two.references.count == 0)
      _ = try await future.isReady()
      #expect(pair.two.references.contains(future.id))
    }
    await expectNothingKept(pair)
  }
}

@Test(arguments: [1, 2] as [ProcessID])
func `a future sent along is fetched there, before and after it has its value`(owner: ProcessID) async throws {
  try await withClusterPair { pair async throws in
    do {
      let future = Future<Int>(on: owner)
      let before = Task.onCluster { try await remotecallFetch(FetchIt(), on: 2, future) }
      try await future.put(11)
      #expect(try await before.value == 11)
      #expect(try await remotecallFetch(FetchIt(), on: 2, future) == 11)
    }
    do {
      let future = try await remotecall(Square(), on: owner, 5)
      #expect(try await remotecallFetch(FetchIt(), on: 2, future) == 25)
      #expect(try await future.fetch() == 25)
    }
    await expectNothingKept(pair)
  }
}

@Test(arguments: [1, 2] as [ProcessID])
func `a future is put from elsewhere`(owner: ProcessID) async throws {
  try await withClusterPair { pair async throws in
    do {
      let future = Future<Int>(on: owner)
      let waiter = Task.onCluster { try await future.fetch() }
      _ = try await remotecallFetch(PutIt(), on: 2, future)
      #expect(try await waiter.value == 42)
      await expectCode(.alreadySet) { _ = try await remotecallFetch(PutIt(), on: 2, future) }
    }
    await expectNothingKept(pair)
  }
}

@Test func `a future that comes back with a result is usable here`() async throws {
  try await withClusterPair { pair async throws in
    do {
      let future = try await remotecallFetch(MakeFuture(), on: 2, 77)
      #expect(future.owner == 2)
      #expect(try await future.fetch() == 77)
    }
    await expectNothingKept(pair)
  }
}

@Test func `many fetch one future at once`() async throws {
  try await withClusterPair { pair async throws in
    do {
      let future = Future<Int>(on: 2)
      let tasks = (0..<20).map { _ in Task.onCluster { try await future.fetch() } }
      let calls = (0..<20).map { _ in Task.onCluster { try await remotecallFetch(FetchIt(), on: 2, future) } }
      try await future.put(3)
      for task in tasks + calls { #expect(try await task.value == 3) }
    }
    await expectNothingKept(pair)
  }
}

@Test func `cancelling one who fetches leaves the future to the others`() async throws {
  try await withClusterPair { _ async throws in
    let hold = Hold.new()
    let future = try await remotecall(WaitUntilReleased(hold: hold), on: 2)
    let other = Task.onCluster { try await future.fetch() }
    let cancelled = Task.onCluster { try await future.fetch() }
    await eventually("the call did not arrive") { Hold.isWaited(hold) }
    #expect(try await !future.isReady())
    cancelled.cancel()
    await #expect(throws: CancellationError.self) { try await cancelled.value }
    Hold.release(hold)
    #expect(try await other.value == 2)
  }
}

@Test func `outside the cluster's messages a future is written as an empty one, which does no harm`() async throws {
  try await withClusterPair { pair async throws in
    let empty = try roundTrip([Future<Int>(on: 2)])[0]
    #expect(empty.owner == 0)
    #expect(try await !empty.isReady())
    await expectCode(.invalidArgument) { _ = try await empty.fetch() }
    await expectCode(.invalidArgument) { try await empty.put(1) }
    await expectCode(.invalidArgument) { try await empty.wait() }
    await expectNothingKept(pair)
  }
}

@Test(arguments: [1, 2] as [ProcessID])
func `a value that comes while the future is being sent is kept until the receiver is known`(owner: ProcessID)
  async throws
{
  try await withClusterPair { pair async throws in
    do {
      let keeper = owner == 1 ? pair.one : pair.two
      let future = Future<Int>(on: owner)
      let writer = FrameWriter()
      writer.userInfo[.outgoingReferences] = writer.references
      try writer.encode(future)
      try await future.put(1)
      // What was said of the future before is heard before this.
      pair.one.releases.flush()
      #expect(try await remotecallFetch(Square(), on: owner, 2) == 4)
      #expect(keeper.references.contains(future.id))
      writer.reset()
      await eventually("the value is kept") { !keeper.references.contains(future.id) }
    }
    await expectNothingKept(pair)
  }
}

@Test func `who asks the owner for a value that has come meanwhile makes no new one there`() async throws {
  try await withClusterPair { pair async throws in
    do {
      let future = Future<Int>(on: 2)
      try await future.put(1)
      // What `fetch` does when another task has put or fetched the value since it looked.
      let asked = try await future.askOwner(ReferenceIsReady(id: future.id))
      #expect(asked == nil)
    }
    await expectNothingKept(pair)
  }
}

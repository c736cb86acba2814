import Synchronization
import Testing

@testable import Muster

@Test func `each of two clusters of one process calls the other`() async throws {
  try await withClusterPair { pair async throws in
    #expect(try await remotecallFetch(Square(), on: 2, 7) == 49)
    #expect(try await remotecallFetch(WhoAmI(), on: 2) == 2)
    #expect(try await remotecallFetch(WhoAmI(), on: 1) == 1)
    #expect(myid() == 1)
    let back = try await pair.two.run { (try await remotecallFetch(WhoAmI(), on: 1), myid()) }
    #expect(back == (1, 2))
  }
}

@Test func `thousands of calls, in turn and at once, get their own answers`() async throws {
  try await withClusterPair { _ async throws in
    for number in 0..<1_000 { #expect(try await remotecallFetch(Echo<Int>(), on: 2, number) == number) }
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<1_000 {
        group.addTask {
          number.isMultiple(of: 2)
            ? try await remotecallFetch(SuspendingEcho(), on: 2, number) == number
            : try await remotecallFetch(Echo<String>(), on: 2, "\(number)") == "\(number)"
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
  }
}

@Test func `large arrays and long strings pass a connection that takes little at a time`() async throws {
  try await withClusterPair(capacity: 10_000) { _ async throws in
    let numbers = (0..<200_000).map { Double($0) }
    #expect(try await remotecallFetch(Echo<[Double]>(), on: 2, numbers) == numbers)
    let text = String(repeating: "Zeichen ä ", count: 20_000)
    #expect(try await remotecallFetch(Echo<String>(), on: 2, text) == text)
    #expect(
      try await remotecallFetch(Echo<[[Double]]>(), on: 2, [numbers, [], [1], numbers]) == [numbers, [], [1], numbers])
    #expect(try await remotecallFetch(Square(), on: 2, 3) == 9)
  }
}

@Test(arguments: [1, 2] as [ProcessID])
func `what a function throws arrives with its process, type, words and itself`(pid: ProcessID) async throws {
  try await withClusterPair { _ async throws in
    do {
      _ = try await remotecallFetch(Complain(), on: pid, 5)
      Issue.record("no error")
    } catch let error as RemoteError {
      #expect(error.pid == pid)
      #expect(error.typeName.hasSuffix("Complaint") && error.message.contains("foobar 5"))
      #expect(error.underlying as? Complaint == Complaint(text: "foobar 5"))
    }
  }
}

@Test func `an error that cannot travel arrives by its words`() async throws {
  try await withClusterPair { _ async throws in
    do {
      _ = try await remotecallFetch(ThrowUntold(), on: 2)
      Issue.record("no error")
    } catch let error as RemoteError {
      #expect(error.typeName.hasSuffix("Untold") && error.message == "cannot be sent" && error.underlying == nil)
    }
  }
}

@Test func `what cannot be encoded or decoded is an error of the call, and the connection lives on`() async throws {
  try await withClusterPair { _ async throws in
    await expectCode(.cannotEncode) { _ = try await remotecallFetch(Echo<Unencodable>(), on: 2, Unencodable()) }
    await expectCode(.cannotEncode) { _ = try await remotecallFetch(ReturnUnencodable(), on: 2) }
    await expectCode(.cannotDecode) { _ = try await remotecallFetch(Echo<Undecodable>(), on: 2, Undecodable()) }
    await expectCode(.cannotDecode) { _ = try await remotecallFetch(ReturnUndecodable(), on: 2) }
    #expect(try await remotecallFetch(Square(), on: 2, 3) == 9)
  }
}

@Test func `a type that no other process could find is refused before anything is sent`() async throws {
  struct Local: RemoteFunction { func callAsFunction(_ x: Int) -> Int { x } }
  try await withClusterPair { pair async throws in
    await expectCode(.privateFunction) { _ = try await remotecallFetch(Local(), on: 2, 1) }
    #expect(pair.linkToTwo.pending.withLock { $0.count } == 0)
  }
}

@Test func `a process that is not there is an error`() async throws {
  try await withClusterPair { _ async throws in
    for pid in [0, 3, -1] as [ProcessID] {
      await expectCode(.noSuchProcess) { _ = try await remotecallFetch(Square(), on: pid, 1) }
    }
  }
}

@Test func `every message of a task is executed, once`() async throws {
  try await withClusterPair { _ async throws in
    let log = NoteBook.shared.newLog()
    for number in 0..<500 { try await remoteDo(Note(log: log), on: 2, "\(number)") }
    _ = try await remotecallFetch(WhoAmI(), on: 2)
    // The order of execution is undefined: a function that the watchdog takes for a long one lets the next begin.
    await eventually("messages are missing") { NoteBook.shared.entries(of: log).count >= 500 }
    #expect(NoteBook.shared.entries(of: log).sorted() == (0..<500).map { "\($0)" }.sorted())
  }
}

@Test func `an error of remoteDo stays where it is, and the connection lives on`() async throws {
  try await withClusterPair { _ async throws in
    try await remoteDo(Complain(text: "expected in the output of this test:"), on: 2, 1)
    #expect(try await remotecallFetch(Square(), on: 2, 3) == 9)
  }
}

@Test func `a cancelled caller hears of it at once, and its late answer reaches nobody`() async throws {
  try await withClusterPair { pair async throws in
    let hold = Hold.new()
    let call = Task.onCluster { try await remotecallFetch(WaitUntilReleased(hold: hold), on: 2) }
    await eventually("the call did not arrive") { Hold.isWaited(hold) }
    call.cancel()
    await #expect(throws: CancellationError.self) { try await call.value }
    Hold.release(hold)
    #expect(try await remotecallFetch(Square(), on: 2, 3) == 9)
    await eventually("a call is still open") { pair.linkToTwo.pending.withLock { $0.count } == 0 }
  }
}

@Test func `interrupting a process cancels what runs there, and its caller hears that`() async throws {
  try await withClusterPair { pair async throws in
    let hold = Hold.new()
    let call = Task.onCluster { try await remotecallFetch(WaitUntilReleased(hold: hold), on: 2) }
    await eventually("the call did not arrive") { Hold.isWaited(hold) }
    #expect(pair.two.dispatcher.interrupt() == 1)
    await expectCode(.interrupted) { _ = try await call.value }
    #expect(try await remotecallFetch(Square(), on: 2, 3) == 9)
  }
}

@Test func `when a peer goes, who waits for it hears why, and nothing more can be sent`() async throws {
  try await withClusterPair((2, 3)) { pair async throws in
    let hold = Hold.new()
    let calls = (0..<3).map { _ in Task.onCluster { try await remotecallFetch(WaitUntilReleased(hold: hold), on: 3) } }
    let future = try await remotecall(WaitUntilReleased(hold: hold), on: 3)
    await eventually("the calls did not arrive") { Hold.waiters(hold) == 4 }
    pair.linkToOne.lose("the test ended it")
    for call in calls { await #expect(throws: ProcessExitedError.self) { try await call.value } }
    await #expect(throws: ProcessExitedError.self) { try await future.fetch() }
    await #expect(throws: ProcessExitedError.self) { try await remotecallFetch(Square(), on: 3, 1) }
    #expect(pair.one.members.withLock { $0.procs } == [2])
    Hold.release(hold)
  }
}

@Test func `bytes that are no message end the connection, and nothing else`() async throws {
  try await withClusterPair((2, 3)) { pair async throws in
    var garbage = headerBytes(length: 16, kind: 200)
    garbage.withUnsafeMutableBytes { bytes in
      var buffer = UnsafeRawBufferPointer(bytes)
      _ = withUnsafePointer(to: &buffer) {
        try? pair.linkToTwo.connection.write(UnsafeBufferPointer(start: $0, count: 1))
      }
    }
    await eventually("the connection lives") { pair.linkToOne.loss != nil && pair.linkToTwo.loss != nil }
    #expect(pair.linkToOne.loss?.contains("no message") == true)
  }
}

@Test(arguments: [
  // A call of a function that was never declared; requests without room for its number; a declaration out of range.
  headerBytes(length: 20, kind: 2) + [9, 0, 0, 0], headerBytes(length: 16, kind: 2),
  headerBytes(length: 19, kind: 3) + [0, 0, 0],
  headerBytes(length: 17, kind: 1, id: .max) + [65], headerBytes(length: 16, kind: 4),
])
func `a message that cannot be meant ends the connection`(bytes: [UInt8]) async throws {
  try await withClusterPair((2, 3)) { pair async throws in
    bytes.withUnsafeBytes { bytes in
      var buffer = bytes
      _ = withUnsafePointer(to: &buffer) {
        try? pair.linkToTwo.connection.write(UnsafeBufferPointer(start: $0, count: 1))
      }
    }
    await eventually("the connection lives") { pair.linkToOne.loss != nil }
  }
}

@Test func `a function that computes for long delays neither other calls nor pings`() async throws {
  try await withClusterPair { pair async throws in
    let hold = Hold.new()
    let call = Task.onCluster { try await remotecallFetch(BlockUntilReleased(hold: hold), on: 2) }
    await eventually("the call did not arrive") { Hold.isWaited(hold) }
    for number in 0..<100 { #expect(try await remotecallFetch(Square(), on: 2, number) == number * number) }
    let before = pair.linkToTwo.lastHeard.load(ordering: .relaxed)
    try pair.linkToTwo.send(.ping, id: 0)
    await eventually("no pong came") { pair.linkToTwo.lastHeard.load(ordering: .relaxed) > before }
    Hold.release(hold)
    #expect(try await call.value == 2)
  }
}

/// Expects a `ClusterError`, or a `RemoteError` with one behind it.
func expectCode(
  _ code: ClusterError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async {
  do {
    try await body()
    Issue.record("no error", sourceLocation: sourceLocation)
  } catch {
    let clusterError = error as? ClusterError ?? (error as? RemoteError)?.underlying as? ClusterError
    #expect(clusterError?.code == code, "\(error)", sourceLocation: sourceLocation)
  }
}

import Testing

@testable import Muster

/// More than the Engine reads of one connection before it looks after others, in whole buffers or in small pieces.
@Test(arguments: [Int.max, 5_000])
func `what a transport without a descriptor tells of once is read to its end`(most: Int) async throws {
  let transport = BurstTransport(most: most)
  let pair = try ClusterPair(over: transport.ends)
  defer { pair.stop() }
  let (count, text) = (400, String(repeating: "burst ", count: 1_500))
  let answers = Counter()
  await pair.run {
    await withTaskGroup { group in
      for _ in 0..<count {
        group.addTask {
          if (try? await remotecallFetch(Echo<String>(), on: 2, text)) == text { answers.increment() }
        }
      }
      await eventually("all answers are written") { transport.held >= count * text.utf8.count }
      transport.release()
      await eventually("all answers are received", within: .seconds(10)) { answers.value == count }
      group.cancelAll()
    }
  }
}

/// Refuses to be written to, though it has not ended.
private final class UnwritableConnection: Connection {
  let inner: any Connection
  init(_ inner: any Connection) { self.inner = inner }
  var peerDescription: String { inner.peerDescription }
  var descriptor: Int32? { nil }
  func setReadyHandler(_ handler: (@Sendable () -> Void)?) { inner.setReadyHandler(handler) }
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(TransportError) -> Int? { try inner.read(into: buffer) }
  func write(_ buffers: UnsafeBufferPointer<UnsafeRawBufferPointer>) throws(TransportError) -> Int {
    throw TransportError(description: "no memory for it")
  }
  func close() { inner.close() }
}

@Test func `what cannot be written ends the connection, with the reason`() async throws {
  let ends = InProcessTransport.pair()
  let pair = try ClusterPair(over: (UnwritableConnection(ends.0), ends.1))
  defer { pair.stop() }
  await pair.run {
    let error = await #expect(throws: ProcessExitedError.self) { try await remotecallFetch(Square(), on: 2, 3) }
    #expect(error?.reason.contains("no memory for it") == true)
  }
}

@Test func `a connection that has ended is not looked at for ever`() async throws {
  let pair = try ClusterPair()
  let engine = pair.one.engine
  pair.linkToTwo.lose("the test ended it")
  pair.stop()
  // From here on nobody but the test polls.
  await eventually("the threads have ended") { engine.isUnattended }
  var ready: [any IOSource] = []
  for _ in 0..<100 where engine.poller.hasSignals { engine.poller.poll(nanoseconds: 0, ready: &ready) }
  #expect(pair.linkToTwo.readable() == false)
  #expect(!engine.poller.hasSignals)
}

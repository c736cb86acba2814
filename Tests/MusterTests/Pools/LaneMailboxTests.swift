import Testing

@testable import Muster

@Test func `answers arrive in the order in which they come, not in that of the calls`() async throws {
  try await withClusterPair { pair async throws in
    let mailbox = LaneMailbox()
    let link = pair.linkToTwo
    let slow = mailbox.expect(
      WorkUnit(positions: 0..<1), try pair.one.sendCall(WaitAtZero(gate: 3), 0, over: link), over: link)
    let quick = mailbox.expect(
      WorkUnit(positions: 1..<2), try pair.one.sendCall(WaitAtZero(gate: 3), 7, over: link), over: link)
    let first = try #require(await mailbox.next())
    #expect(first.message === quick)
    #expect(try pair.one.decode(first.reply, from: link, as: Int.self) == 70)
    openGate(3)
    let second = try #require(await mailbox.next())
    #expect(second.message === slow)
  }
}

@Test func `who waits for an answer hears of a cancellation and of a loss`() async throws {
  try await withClusterPair { pair async throws in
    let mailbox = LaneMailbox()
    let waiting = Task { await mailbox.next() == nil }
    waiting.cancel()
    #expect(await waiting.value)

    let other = LaneMailbox()
    let link = pair.linkToTwo
    let message = other.expect(
      WorkUnit(positions: 0..<1), try pair.one.sendCall(WaitAtZero(gate: 4), 0, over: link), over: link)
    link.lose("a test")
    let lost = try #require(await other.next())
    #expect(lost.message === message && lost.reply.kind == .lost)
    openGate(4)
  }
}

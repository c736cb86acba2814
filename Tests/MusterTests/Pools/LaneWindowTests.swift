import Testing

@testable import Muster

/// Answers everything under way, `interval` nanoseconds each, and returns the new depth.
private func round(_ window: inout LaneWindow, _ now: inout UInt64, interval: UInt64) -> Int {
  for _ in 0..<window.depth {
    now += interval
    window.answered()
  }
  window.adjust(now: now)
  return window.depth
}

@Test func `a lane begins with one message and doubles while answers come fast`() {
  var now: UInt64 = 5
  var window = LaneWindow(now: now)
  #expect(window.depth == 1 && window.isLow(underWay: 0) && !window.isLow(underWay: 1))
  #expect([0, 0, 0, 0, 0, 0, 0, 0].map { _ in round(&window, &now, interval: 1000) } == [2, 4, 8, 16, 32, 64, 64, 64])
}

@Test func `what is under way is a millisecond of work, and at least one message`() {
  var now: UInt64 = 0
  var window = LaneWindow(now: now)
  for _ in 0..<10 { _ = round(&window, &now, interval: 1000) }
  #expect([0, 0, 0, 0].map { _ in round(&window, &now, interval: 400_000) } == [2, 2, 2, 2])
  #expect(round(&window, &now, interval: 60_000_000_000) == 1)
}

@Test func `a worker that was not let run for some milliseconds keeps its window, but for a while`() {
  var now: UInt64 = 0
  var window = LaneWindow(now: now)
  for _ in 0..<10 { _ = round(&window, &now, interval: 12_000) }
  #expect(window.depth == 64)
  #expect(round(&window, &now, interval: 200_000) == 41)
  #expect(round(&window, &now, interval: 200_000) == 20)
  #expect(round(&window, &now, interval: 12_000) == 40)
}

@Test func `more is sent when half has been answered`() {
  var now: UInt64 = 0
  var window = LaneWindow(now: now)
  while window.depth < 16 { _ = round(&window, &now, interval: 10) }
  #expect(!window.isLow(underWay: 16) && !window.isLow(underWay: 9))
  #expect(window.isLow(underWay: 8) && window.isLow(underWay: 0))
}

@Test func `without an answer nothing is learnt`() {
  var window = LaneWindow(now: 0)
  window.adjust(now: 1_000_000_000)
  #expect(window.depth == 1)
}

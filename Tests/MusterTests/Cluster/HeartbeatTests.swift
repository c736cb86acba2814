import Testing

@testable import Muster

/// A monitor with a timeout of 30 s, called every 10 s; times in seconds.
private struct Clock {
  var monitor = HeartbeatMonitor(timeout: .seconds(30), now: at(1_000))

  static func at(_ seconds: UInt64) -> UInt64 { seconds * 1_000_000_000 }

  mutating func check(at now: UInt64, lastHeard: UInt64) -> HeartbeatMonitor.Verdict {
    monitor.begin(now: Self.at(now))
    return monitor.judge(lastHeard: Self.at(lastHeard), now: Self.at(now))
  }
}

@Test func `a peer is asked after a third of the timeout and dead after all of it`() {
  var clock = Clock()
  #expect(clock.monitor.interval == Clock.at(10))
  #expect(clock.check(at: 1_010, lastHeard: 1_005) == .alive)
  #expect(clock.check(at: 1_020, lastHeard: 1_010) == .ping)
  #expect(clock.check(at: 1_030, lastHeard: 1_001) == .ping)
  #expect(clock.check(at: 1_040, lastHeard: 1_010) == .ping)
  #expect(clock.check(at: 1_050, lastHeard: 1_019) == .dead)
}

@Test func `a byte from the future, as clocks of threads may have it, is no silence`() {
  var clock = Clock()
  #expect(clock.check(at: 1_010, lastHeard: 1_011) == .alive)
}

@Test func `when this process was late itself, nobody is blamed for it`() {
  var clock = Clock()
  _ = clock.check(at: 1_010, lastHeard: 1_010)
  // Suspended for an hour: due at 1,020.
  #expect(clock.check(at: 4_610, lastHeard: 1_010) == .ping)
}

@Test func `after a suspension a silent peer still has what was left of its time, and no more`() {
  var clock = Clock()
  _ = clock.check(at: 1_010, lastHeard: 1_010)
  #expect(clock.check(at: 4_610, lastHeard: 1_010) == .ping)
  // Of 30 s it had used 10 when this process was suspended: 20 are left.
  #expect(clock.check(at: 4_620, lastHeard: 1_010) == .ping)
  #expect(clock.check(at: 4_630, lastHeard: 1_010) == .ping)
  #expect(clock.check(at: 4_640, lastHeard: 1_010) == .dead)
}

@Test func `what was granted does not count for silence that began later`() {
  var clock = Clock()
  _ = clock.check(at: 1_010, lastHeard: 1_010)
  _ = clock.check(at: 4_610, lastHeard: 1_010)
  _ = clock.check(at: 4_620, lastHeard: 4_611)
  _ = clock.check(at: 4_630, lastHeard: 4_611)
  _ = clock.check(at: 4_640, lastHeard: 4_611)
  #expect(clock.check(at: 4_650, lastHeard: 4_611) == .dead)
}

@Test func `two suspensions are both granted`() {
  var clock = Clock()
  _ = clock.check(at: 1_010, lastHeard: 1_010)
  #expect(clock.check(at: 2_020, lastHeard: 1_010) == .ping)
  #expect(clock.check(at: 3_030, lastHeard: 1_010) == .ping)
  #expect(clock.check(at: 3_040, lastHeard: 1_010) == .ping)
  #expect(clock.check(at: 3_050, lastHeard: 1_010) == .dead)
}

@Test func `the smallest timeout is still one`() {
  let monitor = HeartbeatMonitor(timeout: .zero, now: 0)
  #expect(monitor.timeout == 1)
  #expect(monitor.judge(lastHeard: 0, now: 5) == .dead)
}

import Testing

@testable import MusterTool

@Suite struct PolicyTests {
  @Test(arguments: [
    ("now,fail=1", HaltPolicy(when: .now, why: .fail, limit: .count(1))),
    ("soon,success=3", HaltPolicy(when: .soon, why: .success, limit: .count(3))),
    ("soon,done=10%", HaltPolicy(when: .soon, why: .done, limit: .percent(10))),
    ("1", HaltPolicy(when: .soon, why: .fail, limit: .count(1))),
    ("2", HaltPolicy(when: .now, why: .fail, limit: .count(1))),
    ("never", .never), ("0", .never), ("20%", HaltPolicy(when: .soon, why: .fail, limit: .percent(20))),
  ])
  func haltIsReadAsGNUParallelDoes(text: String, policy: HaltPolicy) {
    #expect(HaltPolicy(text) == policy)
  }

  @Test(arguments: ["", "now", "now,fail", "now,fail=0", "later,fail=1", "now,fail=0%", "now,fail=101%", "soon,done=x"])
  func whatIsNoPolicyIsRefused(text: String) {
    #expect(HaltPolicy(text) == nil)
  }

  @Test func countsAndPercentagesAreReached() throws {
    let two = try #require(HaltPolicy("soon,fail=2"))
    #expect(!two.isMet(by: Tally(succeeded: 5, failed: 1), total: nil))
    #expect(two.isMet(by: Tally(succeeded: 0, failed: 2), total: nil))
    let half = try #require(HaltPolicy("now,fail=50%"))
    #expect(half.needsTotal)
    #expect(!half.isMet(by: Tally(succeeded: 2, failed: 1), total: 4))
    #expect(half.isMet(by: Tally(succeeded: 0, failed: 2), total: 4))
  }

  @Test func theExitStatusIsThatOfGNUParallel() throws {
    #expect(Tally(succeeded: 9, failed: 3).exitStatus == 3)
    #expect(Tally(succeeded: 0, failed: 500).exitStatus == 101)
    #expect(try #require(HaltPolicy("now,fail=1")).exitStatus(Tally(failed: 1), last: 42, total: nil) == 42)
    #expect(try #require(HaltPolicy("now,success=1")).exitStatus(Tally(failed: 1), last: 0, total: nil) == 0)
    #expect(try #require(HaltPolicy("soon,fail=50%")).exitStatus(Tally(failed: 2), last: 2, total: 4) == 50)
    #expect(try #require(HaltPolicy("soon,fail=2")).exitStatus(Tally(failed: 2), last: 4, total: nil) == 2)
    #expect(try #require(HaltPolicy("soon,done=1")).exitStatus(Tally(failed: 1), last: 3, total: nil) == 3)
    // And when there was nothing to stop at.
    #expect(try #require(HaltPolicy("now,fail=50%")).exitStatus(Tally(succeeded: 2, failed: 1), total: 3) == 34)
    #expect(try #require(HaltPolicy("now,fail=5")).exitStatus(Tally(succeeded: 2, failed: 1), total: 3) == 1)
  }

  @Test(arguments: [
    ("1.5", 1.5), ("90s", 90), ("2m", 120), ("1h30m", 5400), ("1d", 86_400), ("1m30", 90), ("0.1", 0.1),
  ])
  func timesHaveUnits(text: String, seconds: Double) {
    #expect(TimeLimit(text)?.duration == .milliseconds(Int(seconds * 1000)))
  }

  @Test(arguments: ["", "0", "-1", "x", "1y", "m", "1..2"])
  func whatIsNoTimeIsRefused(text: String) {
    #expect(TimeLimit(text) == nil)
  }

  @Test func progressSaysHowFarHowFastAndHowLongStill() {
    var progress = MapProgress(tally: Tally(succeeded: 36, failed: 4), total: 100, running: 2)
    #expect(progress.line(after: 20) == "40 %, 40 of 100, 2 running, 2.0 a second, 0:30 left, 4 failed")
    progress.total = nil
    progress.lost = 1
    #expect(progress.line(after: 20) == "40 done, 2 running, 2.0 a second, 4 failed, 1 lost and repeated")
    let done = MapProgress(tally: Tally(succeeded: 10), total: 10)
    #expect(done.line(after: 3700) == "100 %, 10 of 10, 0.0 a second, 1:01:40 in all, 0 failed")
  }
}

import Testing

@testable import Muster

private func line(_ total: Int, seconds: Double, _ change: (inout ProgressReport) -> Void = { _ in }) -> String {
  var report = ProgressReport(total: total, start: 1_000)
  change(&report)
  return report.line(now: 1_000 + UInt64(seconds * 1e9))
}

@Test func `a progress line says how much, how fast, and how long still`() {
  #expect(line(200, seconds: 10) { $0.succeeded = 50 } == "25 %, 50 of 200, 5.0 a second, 0:30 left")
  #expect(line(200, seconds: 10) { $0.succeeded = 200 } == "100 %, 200 of 200, 20.0 a second, 0:10 in all")
  #expect(
    line(1_000, seconds: 1) {
      $0.succeeded = 498
      $0.failed = 2
      $0.retried = 7
    } == "50 %, 500 of 1000, 500 a second, 0:01 left, 2 failed, 7 retried")
}

@Test func `at the start, and with nothing to do, no number is wild`() {
  #expect(line(5, seconds: 0) == "0 %, 0 of 5, 0.0 a second")
  #expect(line(0, seconds: 3).hasPrefix("100 %, 0 of 0"))
  #expect(line(1_000_000_000_000, seconds: 1e6) { $0.succeeded = 1 }.contains("left"))
}

@Test func `times are read as on a clock`() {
  for (seconds, text) in [
    (0, "0:00"), (7.4, "0:07"), (59.6, "1:00"), (3_599, "59:59"), (3_750, "1:02:30"), (-5, "0:00"),
  ] as [(Double, String)] {
    #expect(ProgressReport.clock(seconds) == text)
  }
  #expect(ProgressReport.clock(.infinity).count < 20)
}

@Test func `a meter that is not shown counts nothing and writes nothing`() {
  let meter = ProgressMeter(display: .none, total: 10)
  meter.advance(succeeded: 3, failed: 1)
  meter.retried(2)
  meter.finish()
  #expect(meter.report.succeeded == 0 && meter.report.failed == 0 && meter.report.retried == 0)
  let empty = ProgressMeter(display: .bar, total: 0)
  empty.advance(succeeded: 1)
  #expect(empty.report.succeeded == 0)
}

@Test func `a meter counts what is finished`() {
  let meter = ProgressMeter(display: .bar, total: 10)
  meter.advance(succeeded: 3, failed: 1)
  meter.advance()
  meter.retried(2)
  #expect(
    meter.report.succeeded == 3 && meter.report.failed == 1 && meter.report.retried == 2 && meter.report.total == 10)
}

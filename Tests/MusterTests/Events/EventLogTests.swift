import Foundation
import Synchronization
import Testing

@testable import Muster

/// What a line of a log holds.
private func object(_ line: some Sequence<UInt8>) throws -> [String: Any] {
  try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
}

/// A path that is removed again.
private func withPath<Result>(_ body: (String) async throws -> Result) async throws -> Result {
  let path = NSTemporaryDirectory() + "events-\(UUID().uuidString).jsonl"
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try await body(path)
}

private func lines(of path: String) throws -> [[String: Any]] {
  try Data(contentsOf: URL(fileURLWithPath: path)).split(separator: UInt8(ascii: "\n")).map { try object($0) }
}

@Suite struct EventLogTests {
  // MARK: Lines

  @Test(arguments: ["plain", "\"quoted\\\"", "two\nlines\ttab \u{1}", "Grüße 🐬"])
  func everyTextSurvives(text: String) throws {
    let bytes = Event.failed(text).line(at: 1_500_000_000, since: 500_000_000)
    #expect(bytes.last == UInt8(ascii: "\n") && bytes.count { $0 == UInt8(ascii: "\n") } == 1)
    let line = try object(bytes)
    #expect(line["error"] as? String == text && line["t"] as? Double == 1 && line["event"] as? String == "failed")
  }

  @Test(arguments: [0, 1, 999_999_999, 1_000_000_000, 12_345_678_901, 86_400_000_000_000])
  func timesHaveMicroseconds(nanoseconds: UInt64) throws {
    let t = try #require(try object(Event.end.line(at: 7 + nanoseconds, since: 7))["t"] as? Double)
    #expect(abs(t - Double(nanoseconds) * 1e-9) < 0.6e-6)
  }

  @Test func anItemSaysWhatItWasWhereAndHowLong() throws {
    let done = Event.ItemsDone(
      map: 3, worker: 2, first: 10, count: 5, attempt: 2, isFailed: true, start: 2_000_000_000, duration: 500_000_000)
    let line = try object(Event.item(done).line(at: 3_000_000_000, since: 1_000_000_000))
    #expect(line["map"] as? Int == 3 && line["worker"] as? Int == 2 && line["first"] as? Int == 10)
    #expect(line["start"] as? Double == 1 && line["seconds"] as? Double == 0.5 && line["failed"] as? Bool == true)
    #expect(line["count"] as? Int == 5 && line["attempt"] as? Int == 2 && line["t"] as? Double == 2)
  }

  @Test func longTextsAreCut() throws {
    let text =
      try object(Event.failed(String(repeating: "x", count: 1 << 20)).line(at: 0, since: 0))["error"] as? String
    #expect((text?.utf8.count ?? 0) < 4096)
  }

  // MARK: The buffer

  @Test func whatDoesNotFitIsCountedAndSaid() {
    var buffer = EventBuffer(capacity: 4)
    for number in 0..<10 { buffer.add(.removed(ProcessID(number)), at: UInt64(number)) }
    #expect(buffer.isCrowded)
    let taken = buffer.take(now: 99)
    #expect(taken.count == 5)
    guard case .dropped(6) = taken[4].event else { return #expect(Bool(false), "\(taken[4])") }
    #expect(buffer.take(now: 100).isEmpty && !buffer.isCrowded)
  }

  @Test func nothingIsEvenMadeWhereNobodyWantsIt() {
    let log = EventLog()
    let wasMade = Mutex(false)
    log.record(
      {
        wasMade.withLock { $0 = true }
        return .end
      }())
    #expect(!wasMade.withLock { $0 } && log.meter(of: 2, map: 1) == nil && log.nextMap() == 0)
  }

  // MARK: Items

  private func done(_ event: Event?) -> (done: Event.ItemsDone, isOne: Bool)? {
    switch event {
    case .item(let done): (done, true)
    case .items(let done): (done, false)
    default: nil
    }
  }

  @Test func timesOfALaneDoNotOverlap() {
    var meter = LaneMeter(map: 1, worker: 2)
    let ms: UInt64 = 1_000_000
    func answer(_ position: Int, sent: UInt64, now: UInt64) -> (done: Event.ItemsDone, isOne: Bool)? {
      done(
        meter.answered(
          WorkUnit(positions: position..<position + 1), sent: sent, isFailed: false, isCrowded: false, now: now))
    }
    // Both were sent at once; the worker begins the second when it has done the first.
    let first = answer(0, sent: 100 * ms, now: 105 * ms)
    let second = answer(1, sent: 100 * ms, now: 112 * ms)
    #expect(first?.done.start == 100 * ms && first?.done.duration == 5 * ms && first?.isOne == true)
    #expect(second?.done.start == 105 * ms && second?.done.duration == 7 * ms)
    // It was idle in between.
    #expect(answer(2, sent: 200 * ms, now: 203 * ms)?.done.start == 200 * ms)
  }

  @Test func shortItemsArePutTogetherForASecond() {
    var meter = LaneMeter(map: 1, worker: 2)
    var events: [Event] = []
    var now: UInt64 = 5_000_000_000
    for number in 0..<1500 {
      let unit = WorkUnit(positions: number * 10..<number * 10 + 10)
      let sent = now
      now += 900_000
      if let event = meter.answered(unit, sent: sent, isFailed: false, isCrowded: false, now: now) {
        events.append(event)
      }
    }
    if let event = meter.flush() { events.append(event) }
    let sums = events.compactMap { done($0)?.done }
    #expect(sums.count == 2 && sums.allSatisfy { $0.longest == 900_000 })
    #expect(sums.reduce(0) { $0 + $1.count } == 15_000 && sums.reduce(0) { $0 + $1.messages } == 1500)
    #expect(sums.reduce(0) { $0 + $1.duration } == 1500 * 900_000)
    #expect(meter.flush() == nil)
  }

  @Test func aFailedItemIsAlwaysAnEventAndLongOnesAreUntilTheyAreTooMany() {
    var meter = LaneMeter(map: 1, worker: 2)
    let unit = WorkUnit(positions: 0..<1)
    #expect(done(meter.answered(unit, sent: 1, isFailed: true, isCrowded: true, now: 2))?.done.isFailed == true)
    #expect(meter.answered(unit, sent: 2, isFailed: false, isCrowded: true, now: 900_000_000) == nil)
    #expect(done(meter.flush())?.done.count == 1)
  }

  // MARK: The file

  @Test func aRunIsWrittenBehindAnotherThatWasKilledInTheMiddleOfALine() async throws {
    try await withPath { path in
      for _ in 0..<2 {
        // Closed, and with that free for the next run, before that begins.
        let file = try EventFile(path: path)
        #expect(file.write(EventFile.heading(job: nil)) && file.write(Array(#"{"event":"jo"#.utf8)))
        withExtendedLifetime(file) {}
      }
      let lines = try Data(contentsOf: URL(fileURLWithPath: path)).split(separator: UInt8(ascii: "\n"))
      #expect(lines.count == 4 && lines[1].elementsEqual(lines[3]))
      #expect(try [lines[0], lines[2]].allSatisfy { try object($0)["version"] as? Int == 1 })
    }
  }

  @Test func aFileOfSomethingElseIsNotTouched() async throws {
    try await withPath { path in
      try "my data\n".write(toFile: path, atomically: true, encoding: .utf8)
      let error = #expect(throws: ClusterError.self) { _ = try EventFile(path: path) }
      #expect(error?.code == .invalidArgument && error?.message.contains(path) == true)
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "my data\n")
    }
  }

  @Test func aFileThatIsInUseIsRefused() async throws {
    try await withPath { path in
      let first = try EventFile(path: path)
      #expect(throws: ClusterError.self) { _ = try EventFile(path: path) }
      withExtendedLifetime(first) {}
    }
  }

  // MARK: A cluster

  @Test func aMapIsInTheLogWithItsTraffic() async throws {
    try await withPath { path in
      try await withClusterPair { pair in
        try recordEvents(to: path)
        let pool = WorkerPool([2])
        #expect(try await pmap(Square(), 0..<100, on: pool, batchSize: 10).count == 100)
        #expect(throws: ClusterError.self) { try recordEvents(to: path) }
        await pair.one.recordMemory(of: [1, 2])
        pair.one.recordTraffic(of: 2, pair.one.members.withLock { $0[2]! })
        await pair.one.endEvents()
      }
      let lines = try lines(of: path)
      func all(_ event: String) -> [[String: Any]] { lines.filter { $0["event"] as? String == event } }
      #expect(lines.first?["format"] as? String == "muster-events" && lines.last?["event"] as? String == "end")
      #expect(all("map").first?["function"] as? String == "Square")
      let items = all("item") + all("items")
      #expect(items.reduce(0) { $0 + ($1["count"] as? Int ?? 0) } == 100)
      #expect(items.allSatisfy { $0["worker"] as? Int == 2 && $0["map"] as? Int == 1 })
      let traffic = try #require(all("traffic").last)
      #expect((traffic["calls"] as? Int ?? 0) >= 10 && (traffic["sent"] as? Int ?? 0) > 100)
      #expect((traffic["received"] as? Int ?? 0) > 100)
      #expect(all("memory").contains { ($0["peak"] as? Int ?? 0) > 1 << 20 })
    }
  }

  @Test func theKernelIsAskedForThePeak() {
    #expect(
      ProcessMemory.peak(inStatus: "Name:\tx\nVmPeak:\t 9 kB\nVmHWM:\t    1234 kB\nVmRSS:\t 1 kB\n") == 1234 << 10)
    #expect(ProcessMemory.peak(inStatus: "Name:\tx\n") == nil)
    #expect((ProcessMemory.peak ?? 0) > 1 << 20)
  }
}

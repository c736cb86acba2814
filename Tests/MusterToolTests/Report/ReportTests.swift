import Foundation
import Testing

@testable import MusterTool

private func file(_ name: String) -> String { Tool.fixture("Events/\(name).jsonl") }

private func runs(_ name: String) throws -> [RecordedRun] {
  try RecordedRun.read(Array(try Data(contentsOf: URL(fileURLWithPath: file(name)))))
}

@Suite struct ReportTests {
  // MARK: Reading

  @Test func severalRunsAreToldApartAndATornLineIsCounted() throws {
    let runs = try runs("killed")
    #expect(runs.count == 2 && runs.map(\.torn) == [0, 1])
    #expect(runs[0].heading.command == ["./earlier"] && runs[1].heading.osPID == 4712)
  }

  /// However a program ends, and at whichever byte.
  @Test func aLogThatIsCutAnywhereIsReadUpToThere() throws {
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: file("healthy"))))
    let whole = try #require(try RecordedRun.read(bytes).first)
    let headEnd = try #require(bytes.firstRange(of: Array("Slurm job 17\"}".utf8))).upperBound
    var fewest = 0
    for size in headEnd...bytes.count {
      let run = try #require(try RecordedRun.read(Array(bytes[..<size])).first)
      #expect(run.lines.elementsEqual(whole.lines.prefix(run.lines.count)) && run.lines.count >= fewest)
      fewest = run.lines.count
      _ = RunSummary(run)
    }
    #expect(fewest == whole.lines.count)
  }

  @Test func whatIsNoLogIsRefused() {
    #expect(throws: ReportError.self) { try RecordedRun.read(Array("seq\thost\n1\tn1\n".utf8)) }
    let later = #"{"event":"start","t":0,"format":"muster-events","version":2}"#
    let error = #expect(throws: ReportError.self) { try RecordedRun.read(Array(later.utf8)) }
    #expect(error?.description.contains("later version") == true)
  }

  // MARK: Summing up

  @Test func utilisationAndImbalance() throws {
    let run = RunSummary(try runs("healthy")[0])
    #expect(run.seconds == 5.5 && run.isComplete && run.items == 104 && run.failures == 0)
    #expect(run.workers.map(\.worker) == [2, 3] && run.workers.map(\.busy) == [3, 2])
    #expect(run.workers.map(\.items) == [3, 101] && run.workers.allSatisfy { $0.present == 4 })
    #expect(run.workers.map(\.utilisation) == [0.75, 0.5] && run.utilisation == 0.625)
    #expect(run.imbalance == 1.2 && run.peakMemoryOfProcess1 == 1 << 20)
    #expect(run.firstError == nil && run.dropped == 0 && run.torn == 0)
  }

  @Test func countersAreTheLatestAndMemoryTheHighest() throws {
    let worker = try #require(RunSummary(try runs("healthy")[0]).workers.first)
    #expect(worker.calls == 4 && worker.sent == 4096 && worker.received == 600 && worker.peakMemory == 100 << 20)
    #expect(worker.host == "node1" && worker.manager == "SlurmManager" && worker.cpus == 2 && worker.rank == 0)
  }

  @Test func theSlowestComeFirst() throws {
    let items = RunSummary(try runs("healthy")[0], slowest: 2).slowest
    #expect(items.map(\.first) == [1, 0] && items[0].seconds == 1.5 && items[0].function == "Simulate")
  }

  @Test func lossesAndRetriesAndTheFirstError() throws {
    let run = RunSummary(try runs("killed")[1])
    #expect(run.workers.map(\.ending) == [.stayed, .lost, .stayed] && run.workers[1].left == 2)
    #expect(run.items == 1 && run.failures == 2 && run.retries == 1)
    // Of those that were there to the end: 3 s by the mean of 1 s and 3 s.
    #expect(run.imbalance == 1.5)
    #expect(run.firstError == RunSummary.Problem(t: 2, worker: 3, text: "it was lost: killed by signal 9"))
    #expect(run.furtherErrors == 2 && run.warnings == 1 && run.dropped == 12 && run.torn == 1 && !run.isComplete)
  }

  @Test func workersThatComeTogetherAreOneLineOfTheTimeLine() throws {
    let texts = RunSummary(try runs("killed")[1]).timeline.map(\.text)
    #expect(
      texts == [
        "3 workers (2-4) joined, on node[1-2]", "map 1 begins: Fit", "the batch system warns: user1",
        "worker 3 on node2 was lost: killed by signal 9",
        "the program fails: on process 4: Fit.Diverged: no minimum",
      ])
  }

  @Test func aRunWithoutWorkersIsNoDivisionByZero() throws {
    let run = RunSummary(try runs("killed")[0])
    #expect(run.utilisation == nil && run.imbalance == nil && run.workers.isEmpty && run.isComplete)
  }

  // MARK: The trace

  @Test func theTraceHasASpanForEachItemOnItsWorkerAndNamesThem() throws {
    let events = ChromeTrace(try runs("healthy")[0]).traceEvents
    let spans = events.filter { $0.ph == "X" }
    #expect(spans.count == 5 && spans.prefix(4).map(\.pid) == [2, 3, 2, 2])
    #expect(spans[1].ts == 1e6 && spans[1].dur == 1.5e6 && spans[1].name == "Simulate 1" && spans[1].tid == 1)
    #expect(spans[4].name == "Score × 100" && spans[4].dur == 0.5e6)
    let names = events.filter { $0.name == "process_name" }.compactMap(\.args)
    #expect(names.contains(["name": .text("worker 3 on node2")]))
  }

  @Test func lossesAreMomentsOfTheTrace() throws {
    let moments = ChromeTrace(try runs("killed")[1]).traceEvents.filter { $0.ph == "i" }
    #expect(moments.contains { $0.pid == 3 && $0.ts == 2e6 && $0.s == "g" && $0.name.contains("signal 9") })
  }

  // MARK: The command

  @Test func theReportSaysTheFirstErrorBeforeTheTables() throws {
    let result = try Tool.run(["report", file("killed")])
    #expect(result.code == 0, "\(result.errors)")
    let first = try #require(
      result.lines.firstIndex {
        $0.contains("first error (2.000 s after start, worker 3 on node2): it was lost: killed by signal 9")
      })
    let table = try #require(result.lines.firstIndex { $0.hasPrefix("WORKER") })
    #expect(first < table && result.lines[first + 1] == "2 more followed")
    #expect(
      result.output.contains("3 workers on 2 hosts, 1 lost, 1 item done, 2 failed, 1 retried"), "\(result.output)")
    #expect(result.output.contains("12 events were not written") && result.output.contains("has no end"))
  }

  @Test func theReportOfARunThatWentWell() throws {
    let result = try Tool.run(["report", file("healthy")])
    #expect(result.output.contains("busy 63 % of the time, imbalance 1.20"), "\(result.output)")
    #expect(result.output.contains("item 1 of map 1, Simulate") && result.output.contains("100 MiB"))
    #expect(!result.output.contains("first error"))
  }

  @Test func jsonAndTraceAreForOtherPrograms() throws {
    let json = try Tool.run(["report", file("killed"), "--run", "1", "--json"])
    let object = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    #expect(object["command"] as? [String] == ["./earlier"] && object["seconds"] as? Double == 0.5)
    let trace = try Tool.run(["report", file("healthy"), "--trace", "-"])
    let traced = try #require(try JSONSerialization.jsonObject(with: Data(trace.output.utf8)) as? [String: Any])
    #expect((traced["traceEvents"] as? [[String: Any]])?.contains { $0["ph"] as? String == "X" } == true)
  }

  @Test func theCommandsOfAMapAreItems() throws {
    let path = NSTemporaryDirectory() + "events-\(UUID().uuidString).jsonl"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let map = try Tool.run(
      ["map", "--procs", "2", "exit {}", ":::", "0", "3", "0"], environment: ["MUSTER_EVENTS": path])
    #expect(map.code == 1, "\(map.errors)")
    let run = RunSummary(try #require(try RecordedRun.read(Array(try Data(contentsOf: URL(filePath: path)))).first))
    #expect(run.items == 2 && run.isComplete && run.slowest.count == 3 && run.workers.count == 2)
    #expect(run.slowest.first { $0.failed }?.function == "exit 3" && run.slowest.allSatisfy { $0.seconds > 0 })
  }

  @Test func whatCannotBeReadIsSaid() throws {
    for arguments in [["/no/such/file"], [file("healthy"), "--run", "3"], [Tool.fixture("Topologies/laptop.xml")]] {
      let result = try Tool.run(["report"] + arguments)
      #expect(result.code != 0 && !result.errors.isEmpty, "\(arguments)")
    }
  }
}

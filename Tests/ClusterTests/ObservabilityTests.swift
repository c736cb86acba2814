import Foundation
import Glibc
import Testing

extension ClusterTests {
  /// What a real run leaves behind: its event log, its log, and what it says at its end.
  @Suite struct Observability {
    private struct Summary: Decodable {
      struct Worker: Decodable {
        let worker: Int
        let host: String
        let manager: String?
        let cpus: Int?
        let ending: String
        let reason: String?
        let items: Int
        let busy: Double
        let calls: Int
        let sent: Int
        let received: Int
        let peakMemory: Int?
      }

      struct Problem: Decodable {
        let worker: Int?
        let text: String
      }

      let workers: [Worker]
      let items: Int
      let retries: Int
      let isComplete: Bool
      let utilisation: Double?
      let firstError: Problem?
    }

    private func withPath<Result>(_ body: (String) async throws -> Result) async throws -> Result {
      let path = NSTemporaryDirectory() + "events-\(UUID().uuidString).jsonl"
      defer { try? FileManager.default.removeItem(atPath: path) }
      return try await body(path)
    }

    private func report(_ path: String) throws -> Summary {
      let result = MusterCommand.run(["report", path, "--json"])
      return try JSONDecoder().decode(Summary.self, from: Data(result.output.utf8))
    }

    // MARK: The event log

    @Test func theReportOfARunThatLostAWorker() async throws {
      try await withPath { path in
        let program = try await RunningProgram.run(["losesAWorker"], environment: ["MUSTER_EVENTS": path])
        #expect(program.code == 0 && program.output == "done 60 1000 with 2 workers\n", "\(program.errors)")
        let run = try report(path)
        #expect(run.isComplete && run.workers.map(\.worker) == [2, 3, 4] && run.items == 1060)
        #expect(run.workers.map(\.ending) == ["removed", "lost", "removed"])
        #expect(run.workers[1].reason?.contains("signal 9") == true && run.retries >= 1)
        #expect(run.firstError?.worker == 3 && run.firstError?.text.contains("signal 9") == true)
        for worker in [run.workers[0], run.workers[2]] {
          #expect(worker.manager == "LocalManager" && worker.host == MusterCommand.hostName && (worker.cpus ?? 0) > 0)
          #expect(worker.items > 0 && worker.busy > 0.003 && worker.calls >= 100 / 10)
          #expect(worker.sent > 1000 && worker.received > 1000 && (worker.peakMemory ?? 0) > 1 << 20)
        }
        #expect((run.utilisation ?? 0) > 0)
        let trace = MusterCommand.run(["report", path, "--trace", "-"])
        let object = try JSONSerialization.jsonObject(with: Data(trace.output.utf8)) as? [String: Any]
        let spans = (object?["traceEvents"] as? [[String: Any]])?.filter { $0["ph"] as? String == "X" }
        #expect((spans?.count ?? 0) >= 60)
      }
    }

    @Test func theLogOfAProgramThatWasKilledCanBeReadAndTheNextRunIsWrittenBehindIt() async throws {
      try await withPath { path in
        let program = try RunningProgram(["recordsEvents", path])
        try await program.waitForOutput("ready")
        // What has joined is written at once.
        await eventually("the worker is in the log") {
          ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").contains(#""event":"joined""#)
        }
        kill(program.pid, SIGKILL)
        _ = try await program.waitForExit()
        await program.expectNothingLeft()
        let first = try report(path)
        #expect(first.workers.map(\.ending) == ["stayed"] && !first.isComplete)
        let second = try await RunningProgram.run(["return"], environment: ["MUSTER_EVENTS": path])
        #expect(second.code == 0 && second.errors == "", "\(second.errors)")
        #expect(try report(path).isComplete)
        let runs = try String(contentsOfFile: path, encoding: .utf8).components(separatedBy: "muster-events").count - 1
        #expect(runs == 2)
      }
    }

    @Test func aLogThatCannotBeWrittenIsSaidAndTheProgramRuns() async throws {
      let result = try await RunningProgram.run(["return"], environment: ["MUSTER_EVENTS": "/no/such/directory/log"])
      #expect(result.code == 0 && result.output == "result 42\n")
      #expect(result.errors.contains("/no/such/directory/log cannot be opened"), "\(result.errors)")
    }

    @Test func withoutBeingAskedNothingIsRecorded() async throws {
      let result = try await RunningProgram.run(["return"], environment: ["MUSTER_EVENTS": ""])
      #expect(result.code == 0 && result.errors == "")
    }

    // MARK: The first error

    @Test func theFirstErrorOfARunIsShownFirstAndApart() async throws {
      let result = try await RunningProgram.run(["failsInTheEnd"])
      #expect(result.code == 1)
      let lines = result.errors.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      let first = try #require(lines.firstIndex { $0.hasPrefix("first error (") }, "\(result.errors)")
      #expect(lines[first].contains("s after start, worker 2 on \(MusterCommand.hostName)): "), "\(lines[first])")
      #expect(lines[first].contains("process 2 has gone: ") && lines[first].contains("signal 9"), "\(lines[first])")
      #expect(lines[first + 1] == "")
      #expect(lines[first + 2].hasSuffix("more errors followed. The program ended with:"), "\(result.errors)")
      #expect(lines[first + 3] == "it cannot go on like this")
    }

    // MARK: The log

    @Test func linesOfTheLogNameWorkerNodeAndRank() async throws {
      // As if mpirun had started the program; its worker has that from it.
      let program = try RunningProgram(
        ["logsOnAWorker"], environment: ["OMPI_COMM_WORLD_RANK": "7", "MUSTER_LOG": "placement=debug,notice"])
      await eventually("the worker reports it") { program.errors.contains("nobody waits for this\n") }
      kill(program.pid, SIGKILL)
      await program.expectNothingLeft()
      let lines = program.errors.split(separator: "\n")
      let line = try #require(lines.first { $0.contains("nobody waits for this") }, "\(program.errors)")
      // The worker's own environment says that it is to log less than that.
      #expect(line.hasPrefix("From worker 2:") && line.contains("error muster: "), "\(line)")
      for word in ["worker=2", "node=\(MusterCommand.hostName)", "rank=7"] { #expect(line.contains(word), "\(line)") }
      let placement = try #require(lines.first { $0.contains("debug muster.placement: ") }, "\(program.errors)")
      #expect(placement.contains("worker=1"))
      #expect(!lines.contains { $0.contains("debug muster: ") })
    }

    @Test func aSlipInTheLevelsIsSaidOnce() async throws {
      let result = try await RunningProgram.run(["return"], environment: ["MUSTER_LOG": "verbose"])
      #expect(result.code == 0 && result.errors.components(separatedBy: "'verbose' is no level").count == 2)
    }
  }
}

import Foundation
import Glibc
import Muster
import Testing

private struct PrivateFunction: RemoteFunction {
  func callAsFunction(_ x: Int) -> Int { x }
}

private struct FileprivateFunction: RemoteThunk {
  func callAsFunction() -> Int { 1 }
}

/// Fails to encode, decode or neither, as it is told.
struct Awkward: Codable, Sendable {
  enum Side: String, Codable { case encoding, decoding, none }
  let fails: Side

  init(fails: Side) { self.fails = fails }

  init(from decoder: any Decoder) throws {
    fails = Side(rawValue: try decoder.singleValueContainer().decode(String.self))!
    if fails == .decoding {
      throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "awkward to decode"))
    }
  }

  func encode(to encoder: any Encoder) throws {
    if fails == .encoding {
      throw EncodingError.invalidValue(
        fails, .init(codingPath: encoder.codingPath, debugDescription: "awkward to encode"))
    }
    var container = encoder.singleValueContainer()
    try container.encode(fails.rawValue)
  }
}

struct MakeAwkward: RemoteFunction {
  func callAsFunction(_ side: Awkward.Side) -> Awkward { Awkward(fails: side) }
}

struct HoldAwkward: RemoteThunk {
  let property: Awkward
  func callAsFunction() -> Int { 1 }
}

struct AddOnWorker: RemoteThunk {
  func callAsFunction() async throws -> [ProcessID] { try await addprocs(1) }
}

struct RemoveOnWorker: RemoteProcedure {
  typealias Input = ProcessID
  func callAsFunction(_ pid: ProcessID) async throws { try await rmprocs(pid) }
}

/// An executable script in a directory of its own.
final class Script {
  let directory: String
  var path: String { directory + "/script" }

  init(_ text: String) throws {
    directory = NSTemporaryDirectory() + "cluster-script-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try ("#!/bin/sh\n" + text + "\n").write(toFile: path, atomically: false, encoding: .utf8)
    chmod(path, 0o755)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }
}

extension ClusterTests {
  @Suite struct BadInput {
    /// After each of them the cluster works.
    private func checkWorks(_ pid: ProcessID, sourceLocation: SourceLocation = #_sourceLocation) async throws {
      #expect(
        try await within(.seconds(20), "a call afterwards") { try await remotecallFetch(Square(), on: pid, 5) } == 25,
        sourceLocation: sourceLocation)
    }

    @Test func privateFileprivateAndLocalFunctionsAreRefusedBeforeAnythingIsSent() async throws {
      struct LocalFunction: RemoteFunction {
        func callAsFunction(_ x: Int) -> Int { x }
      }
      try await withWorkers(1) { (pids) async throws in
        func check(_ name: String, _ call: () async throws -> some Any) async {
          let error = await thrown(ClusterError.self, call)
          #expect(error?.code == .privateFunction)
          #expect(error?.message.contains(name) == true)
          #expect(error?.message.contains("internal or public") == true)
        }
        await check("PrivateFunction") { try await remotecallFetch(PrivateFunction(), on: pids[0], 1) }
        await check("FileprivateFunction") { try await remotecall(FileprivateFunction(), on: pids[0]) }
        await check("LocalFunction") { try await remoteDo(LocalFunction(), on: pids[0], 1) }
        await check("LocalFunction") { try await remotecallWait(LocalFunction(), on: pids[0], 1) }
        await check("LocalFunction") { try await pmap(LocalFunction(), 1...10) }
        await check("PrivateFunction") { try await pmap(PrivateFunction(), 1...10, batchSize: 3) }
        try await checkWorks(pids[0])
      }
    }

    @Test func anArgumentThatCannotBeEncoded() async throws {
      try await withWorkers(1) { (pids) async throws in
        func check(_ name: String, _ call: () async throws -> some Any) async {
          let error = await thrown(ClusterError.self, call)
          #expect(error?.code == .cannotEncode)
          #expect(error?.message.contains(name) == true && error?.message.contains("awkward to encode") == true)
        }
        let awkward = Awkward(fails: .encoding)
        await check("Echo") { try await remotecallFetch(Echo<Awkward>(), on: pids[0], awkward) }
        await check("Echo") { try await remotecall(Echo<Awkward>(), on: pids[0], awkward) }
        await check("Echo") { try await remoteDo(Echo<Awkward>(), on: pids[0], awkward) }
        await check("HoldAwkward") { try await remotecallFetch(HoldAwkward(property: awkward), on: pids[0]) }
        await check("Echo") { try await pmap(Echo<Awkward>(), [awkward]) }
        try await checkWorks(pids[0])
      }
    }

    @Test func aReplyThatCannotBeEncoded() async throws {
      try await withWorkers(1) { (pids) async throws in
        func check(_ call: () async throws -> some Any) async {
          let error = await thrown(RemoteError.self, call)
          #expect(error?.pid == pids[0])
          #expect((error?.underlying as? ClusterError)?.code == .cannotEncode)
          #expect(
            error?.message.contains("MakeAwkward") == true && error?.message.contains("awkward to encode") == true)
        }
        await check { try await remotecallFetch(MakeAwkward(), on: pids[0], .encoding) }
        let future = try await remotecall(MakeAwkward(), on: pids[0], .encoding)
        await check { try await within(.seconds(20), "fetch") { try await future.fetch() } }
        await check { try await pmap(MakeAwkward(), [Awkward.Side.encoding]) }
        try await checkWorks(pids[0])
      }
    }

    @Test func anArgumentThatCannotBeDecodedThere() async throws {
      try await withWorkers(1) { (pids) async throws in
        func check(_ name: String, _ call: () async throws -> some Any) async {
          let error = await thrown(RemoteError.self, call)
          #expect(error?.pid == pids[0])
          #expect((error?.underlying as? ClusterError)?.code == .cannotDecode)
          #expect(error?.message.contains(name) == true && error?.message.contains("awkward to decode") == true)
        }
        let awkward = Awkward(fails: .decoding)
        await check("Echo") { try await remotecallFetch(Echo<Awkward>(), on: pids[0], awkward) }
        // Sent without complaint; fails when it is fetched.
        let future = try await remotecall(Echo<Awkward>(), on: pids[0], awkward)
        await check("Echo") { try await within(.seconds(20), "fetch") { try await future.fetch() } }
        await check("HoldAwkward") { try await remotecallFetch(HoldAwkward(property: awkward), on: pids[0]) }
        try await checkWorks(pids[0])
      }
    }

    @Test func aReplyThatCannotBeDecodedHere() async throws {
      try await withWorkers(1) { (pids) async throws in
        func check(_ call: () async throws -> some Any) async {
          let error = await thrown(ClusterError.self, call)
          #expect(error?.code == .cannotDecode)
          #expect(error?.worker == pids[0])
          #expect(error?.message.contains("Awkward") == true && error?.message.contains("awkward to decode") == true)
        }
        await check { try await remotecallFetch(MakeAwkward(), on: pids[0], .decoding) }
        await check { try await remotecall(MakeAwkward(), on: pids[0], .decoding).fetch() }
        await check { try await pmap(MakeAwkward(), [Awkward.Side.decoding]) }
        try await checkWorks(pids[0])
      }
    }

    @Test func aProcessThatWasRemovedOrNeverExisted() async throws {
      try await withWorkers(2) { (pids) async throws in
        try await rmprocs(pids[1])
        for pid in [pids[1], 0, -1, 9999] as [ProcessID] {
          func check(_ call: () async throws -> some Any) async {
            let error = await thrown(ClusterError.self, call)
            #expect(error?.code == .noSuchProcess)
            #expect(error?.worker == pid)
            #expect(error?.message.contains("\(pid)") == true)
          }
          await check { try await remotecallFetch(Identity(), on: pid) }
          await check { try await remotecall(Identity(), on: pid) }
          await check { try await remotecallWait(Identity(), on: pid) }
          await check { try await remoteDo(Identity(), on: pid) }
          await check { try await Future<Int>(on: pid).fetch() }
          await check { try await interrupt(pid) }
          await check { try await rmprocs(pid) }
        }
        let error = await thrown(ClusterError.self) { try await rmprocs(1) }
        #expect(error?.code == .invalidArgument && error?.message.contains("process 1") == true)
        try await checkWorks(pids[0])
      }
    }

    @Test(arguments: [0, -1, -1000]) func countsBelowOne(count: Int) async throws {
      try await leavingNothingBehind { () async throws in
        let error = await thrown(ClusterError.self) { try await addprocs(count) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("\(count)") == true && error?.message.contains("at least 1") == true)
      }
    }

    @Test func optionsOutsideTheirRange() async throws {
      try await leavingNothingBehind { () async throws in
        let bad: [(String, (inout AddprocsOptions) -> Void)] = [
          ("timeout", { $0.timeout = .zero }), ("timeout", { $0.timeout = .seconds(-1) }),
          ("heartbeatTimeout", { $0.heartbeatTimeout = .milliseconds(1) }),
          ("atLeast", { $0.atLeast = 0 }), ("atLeast", { $0.atLeast = 3 }),
          ("threadsPerWorker", { $0.threadsPerWorker = 0 }),
        ]
        for (name, change) in bad {
          var options = AddprocsOptions()
          change(&options)
          let error = await thrown(ClusterError.self) { try await addprocs(2, options: options) }
          #expect(error?.code == .invalidArgument)
          #expect(error?.message.contains("options.\(name)") == true && error?.message.contains("must be") == true)
        }
      }
    }

    @Test func anotherTopologyThanTheWorkersThereHave() async throws {
      try await withWorkers(1) { (pids) async throws in
        var options = AddprocsOptions()
        options.topology = .masterWorker
        #expect(await thrown(ClusterError.self) { try await addprocs(1, options: options) }?.code == .invalidArgument)
        options = AddprocsOptions()
        options.lazy = false
        #expect(await thrown(ClusterError.self) { try await addprocs(1, options: options) }?.code == .invalidArgument)
        try await checkWorks(pids[0])
      }
    }

    @Test func masterWorkerTopologyRefusesCallsBetweenWorkers() async throws {
      var options = AddprocsOptions()
      options.topology = .masterWorker
      try await withWorkers(2, options) { (pids) async throws in
        let error = await thrown(RemoteError.self) { try await remotecallFetch(CallBack(), on: pids[0], pids[1]) }
        #expect((error?.underlying as? ClusterError)?.code == .notConnected)
        #expect(try await remotecallFetch(CallBack(), on: pids[0], 1) == 1)
      }
      // With nobody there, another one may be chosen.
      try await withWorkers(2) { (pids) async throws in
        #expect(try await remotecallFetch(CallBack(), on: pids[0], pids[1]) == pids[1])
      }
    }

    @Test func anExecutableThatDoesNotExist() async throws {
      try await withWorkers(1) { (pids) async throws in
        for path in ["/nonexistent/muster-worker", "/", "/etc/passwd"] {
          var options = AddprocsOptions()
          options.exename = path
          let error = await thrown(ClusterError.self) {
            try await within(.seconds(30), "addprocs") { [options] in try await addprocs(2, options: options) }
          }
          #expect(error?.code == .launchFailed)
          #expect(error?.message.contains(path) == true && error?.message.contains("options.exename") == true)
          #expect(error?.message.contains("0 of 2 workers joined") == true)
        }
        try await checkWorks(pids[0])
      }
    }

    @Test func aDirectoryThatDoesNotExist() async throws {
      try await leavingNothingBehind { () async throws in
        var options = AddprocsOptions()
        options.dir = "/nonexistent/directory"
        let error = await thrown(ClusterError.self) { try await addprocs(1, options: options) }
        #expect(error?.code == .launchFailed)
        #expect(error?.message.contains("options.dir /nonexistent/directory") == true)
      }
    }

    @Test func aWorkerThatExitsBeforeJoining() async throws {
      try await withWorkers(1) { (pids) async throws in
        var options = AddprocsOptions()
        options.exename = "/bin/false"
        let error = await thrown(ClusterError.self) {
          try await within(.seconds(30), "addprocs") { [options] in try await addprocs(2, options: options) }
        }
        #expect(error?.code == .launchFailed)
        #expect(error?.message.contains("0 of 2 workers joined; 2 did not") == true)
        #expect(error?.message.contains("exited with status 1 before it joined") == true)
        try await checkWorks(pids[0])
      }
    }

    @Test func theLastWordsOfAWorkerThatDoesNotJoinAreInTheError() async throws {
      try await leavingNothingBehind { () async throws in
        let script = try Script("echo to standard output\necho cannot find the licence >&2\nexit 3")
        var options = AddprocsOptions()
        options.exename = script.path
        let error = await thrown(ClusterError.self) { try await addprocs(1, options: options) }
        #expect(error?.code == .launchFailed)
        #expect(error?.message.contains("exited with status 3 before it joined") == true)
        #expect(error?.message.contains("cannot find the licence") == true)
        #expect(error?.message.contains("to standard output") == true)
      }
    }

    @Test func aWorkerThatIsKilledBeforeItJoins() async throws {
      try await leavingNothingBehind { () async throws in
        var options = AddprocsOptions()
        let script = try Script("kill -9 $$")
        options.exename = script.path
        let error = await thrown(ClusterError.self) { try await addprocs(1, options: options) }
        #expect(error?.message.contains("killed by signal 9") == true)
      }
    }

    @Test func aWorkerThatNeverDialsBack() async throws {
      try await withWorkers(1) { (pids) async throws in
        let script = try Script("exec sleep 3601")
        var options = AddprocsOptions()
        options.exename = script.path
        options.timeout = .seconds(1)
        let error = await thrown(ClusterError.self) {
          try await within(.seconds(20), "addprocs") { [options] in try await addprocs(2, options: options) }
        }
        #expect(error?.code == .launchFailed)
        #expect(error?.message.contains("was started, but did not dial back within 1.0 seconds") == true)
        #expect(!ProcessTable.all.contains { ProcessTable.commandLine(of: $0).contains("3601") })
        #expect(ProcessTable.children == [try await osPID(of: pids[0])])
        #expect(workers() == pids)
        try await checkWorks(pids[0])
      }
    }

    @Test func atLeastLetsSomeWorkersBeMissing() async throws {
      try await leavingNothingBehind { () async throws in
        let runner = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        // The first two become workers.
        let script = try Script(
          """
          for n in 1 2; do
            if mkdir "$(dirname "$0")/$n" 2>/dev/null; then exec '\(runner)' "$@"; fi
          done
          echo no room >&2; exit 4
          """)
        var options = AddprocsOptions()
        options.exename = script.path
        options.atLeast = 2
        let pids = try await addprocs(4, options: options)
        #expect(pids.count == 2 && workers() == pids)
        for pid in pids { #expect(try await remotecallFetch(Identity(), on: pid) == pid) }

        // There is no room at all now: too few.
        let error = await thrown(ClusterError.self) { try await addprocs(4, options: options) }
        #expect(error?.code == .launchFailed)
        #expect(error?.message.contains("0 of 4 workers joined") == true && error?.message.contains("no room") == true)
        #expect(workers() == pids)
        try await checkWorks(pids[0])
      }
    }

    @Test func tooFewWorkersLeaveNone() async throws {
      try await leavingNothingBehind { () async throws in
        let runner = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let script = try Script(#"if mkdir "$(dirname "$0")/1" 2>/dev/null; then exec '\#(runner)' "$@"; fi; exit 4"#)
        var options = AddprocsOptions()
        options.exename = script.path
        let error = await thrown(ClusterError.self) { try await addprocs(3, options: options) }
        #expect(error?.message.contains("1 of 3 workers joined; 2 did not") == true)
        #expect(workers() == [1])
        #expect(ProcessTable.children.isEmpty)
      }
    }

    @Test func addprocsCanBeCancelled() async throws {
      try await leavingNothingBehind { () async throws in
        let script = try Script("exec sleep 3602")
        var options = AddprocsOptions()
        options.exename = script.path
        let adding = Task { [options] in try await addprocs(2, options: options) }
        await eventually("both have started") { ProcessTable.children.count == 2 }
        adding.cancel()
        do {
          let pids = try await within(.seconds(20), "addprocs") { try await adding.value }
          Issue.record("addprocs returned \(pids)")
        } catch {
          #expect(error is CancellationError || error is ClusterError)
        }
      }
    }

    @Test func onlyProcess1AddsAndRemoves() async throws {
      try await withWorkers(2) { (pids) async throws in
        for error in [
          await thrown(RemoteError.self) { try await remotecallFetch(AddOnWorker(), on: pids[0]) },
          await thrown(RemoteError.self) { try await remotecallFetch(RemoveOnWorker(), on: pids[0], pids[1]) },
        ] {
          #expect((error?.underlying as? ClusterError)?.code == .notProcess1)
          #expect(error?.message.contains("Only process 1 can add and remove workers") == true)
        }
        #expect(workers() == pids)
        try await checkWorks(pids[1])
      }
    }

    @Test func invalidArgumentsOfPmap() async throws {
      try await withWorkers(1) { (pids) async throws in
        for size in [0, -1] {
          let error = await thrown(ClusterError.self) { try await pmap(Square(), 1...3, batchSize: size) }
          #expect(error?.code == .invalidArgument && error?.message.contains("batchSize is \(size)") == true)
        }
        try await checkWorks(pids[0])
      }
    }

    @Test func aWeakCookieIsRefused() throws {
      let before = clusterCookie()
      for cookie in ["", "1234", "xyz", String(repeating: "g", count: 64)] {
        #expect { try setClusterCookie(cookie) } throws: { ($0 as? ClusterError)?.code == .invalidArgument }
      }
      #expect(clusterCookie() == before)
    }
  }
}

import Glibc
import Muster
import Synchronization
import Testing

/// What callbacks were called with, in order.
private final class Told: Sendable {
  private let list = Mutex<[String]>([])
  var all: [String] { list.withLock { $0 } }
  func add(_ call: String) { list.withLock { $0.append(call) } }
}

/// A status of a type of its own.
struct Progress: Codable, Equatable, Sendable {
  var step: Int
  var phase: String
}

struct SetStatusThere: RemoteThunk {
  let pid: ProcessID?
  let status: String
  func callAsFunction() async throws -> String? {
    if let pid { try await setStatus(status, of: pid) } else { try await setStatus(status) }
    return try await Muster.status(of: pid ?? myid())
  }
}

struct RegisterThere: RemoteThunk {
  func callAsFunction() throws -> String { try onWorker(.started) { _ in } }
}

/// Not as a closure inside `#expect`: the compiler may give two closures one name there, and call the wrong one.
private func expectCode(
  _ code: ClusterError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> some Any
) async {
  let error = await thrown(ClusterError.self, sourceLocation: sourceLocation, body)
  #expect(error?.code == code, sourceLocation: sourceLocation)
}

extension ClusterTests {
  @Suite struct Lifecycle {
    // MARK: Status

    @Test func statusIsNilUntilItIsSet_hereAndThere() async throws {
      try await withWorkers(2) { (pids) async throws in
        #expect(try await status(of: pids[0]) == nil)
        #expect(try await status() == nil)
        try await setStatus("loading", of: pids[0])
        #expect(try await status(of: pids[0]) == "loading")
        #expect(try await remotecallFetch(SetStatusThere(pid: nil, status: "busy"), on: pids[0]) == "busy")
        #expect(try await status(of: pids[0]) == "busy")
        #expect(try await remotecallFetch(SetStatusThere(pid: pids[1], status: "idle"), on: pids[0]) == "idle")
        #expect(try await status(of: pids[1]) == "idle")
        #expect(try await remotecallFetch(SetStatusThere(pid: 1, status: "master"), on: pids[0]) == "master")
        #expect(try await status() == "master")
        try await setStatus(Progress(step: 3, phase: "b"), of: pids[1])
        #expect(try await status(of: pids[1]) == Progress(step: 3, phase: "b"))
        #expect(try await status(of: pids[1]) as? Progress == Progress(step: 3, phase: "b"))
        for pid in [1, pids[0], pids[1]] { try await setStatus(nil, of: pid) }
        for pid in [1, pids[1]] { #expect(try await status(of: pid) == nil) }
      }
    }

    @Test func everyModuleHasItsOwnStatus() async throws {
      try await withWorkers(1) { (pids) async throws in
        try await setStatus("mine", of: pids[0])
        try await setStatus("other", of: pids[0], module: "Other/File.swift")
        #expect(try await status(of: pids[0]) == "mine")
        #expect(try await status(of: pids[0], module: "Other") == "other")
        #expect(try await status(of: pids[0], module: "Third") == nil)
      }
    }

    @Test func whatStatusCannotBeIsATypedError() async throws {
      struct Local: Codable {}
      try await withWorkers(1) { (pids) async throws in
        for pid in [0, 99] as [ProcessID] {
          await expectCode(.noSuchProcess) { try await setStatus("x", of: pid) }
          await expectCode(.noSuchProcess) { try await status(of: pid, as: Int.self) }
        }
        await expectCode(.invalidArgument) { try await setStatus(Local(), of: 1) }
        try await setStatus("text", of: pids[0])
        await expectCode(.cannotDecode) { try await status(of: pids[0], as: Int.self) }
        try await rmprocs(pids)
        await expectCode(.noSuchProcess) { try await status(of: pids[0]) }
      }
    }

    // MARK: Callbacks

    @Test func eachEventIsToldOnce_inTheOrderOfALife() async throws {
      let calls = Told()
      let keys = [
        try onWorker(.starting) { manager, options in calls.add("starting \(manager) \(options.topology)") },
        try onWorker(.started) { pid in
          calls.add("started \(pid) \(workers().contains(pid))")
          try await setStatus("at work", of: pid)
        },
        try onWorker(.exiting) { pid in
          calls.add("exiting \(pid) \(try await remotecallFetch(Identity(), on: pid))")
        },
        try onWorker(.exited) { pid, state in
          calls.add("exited \(pid) \(state) \(try await status(of: pid) ?? "no status")")
        },
      ]
      try await withWorkers(1) { (pids) async throws in
        try await rmprocs(pids)
        let pid = pids[0]
        #expect(
          calls.all == [
            "starting LocalManager(1) allToAll", "started \(pid) true", "exiting \(pid) \(pid)",
            "exited \(pid) terminated at work",
          ])
      }
      #expect(removeCallback(.starting, key: keys[0]) && removeCallback(.started, key: keys[1]))
      #expect(removeCallback(.exiting, key: keys[2]) && removeCallback(.exited, key: keys[3]))
      #expect(!removeCallback(.exited, key: keys[3]))
      try await withWorkers(1) { (_) async throws in #expect(calls.all.count == 4) }
      #expect(calls.all.count == 4)
    }

    @Test func aLostWorkerIsToldApartFromARemovedOne() async throws {
      let calls = Told()
      try onWorker(.exiting, key: "lost") { pid in calls.add("exiting \(pid)") }
      try onWorker(.exited, key: "lost") { pid, state in
        calls.add("exited \(pid) \(state == .exterminated) \(try await status(of: pid, as: String.self) ?? "")")
      }
      defer {
        removeCallback(.exiting, key: "lost")
        removeCallback(.exited, key: "lost")
      }
      try await withWorkers(2) { (pids) async throws in
        try await setStatus("doomed", of: pids[0])
        kill(try await osPID(of: pids[0]), SIGKILL)
        await eventually("the callback is called") { calls.all == ["exited \(pids[0]) true doomed"] }
        await eventually("the status is forgotten") {
          (try? await status(of: pids[0], as: String.self)) == nil
        }
        // Twice at once is once.
        let (first, second) = (startRmprocs([pids[1]]), startRmprocs([pids[1]]))
        _ = try await first.value
        _ = try? await second.value
        #expect(calls.all.dropFirst() == ["exiting \(pids[1])", "exited \(pids[1]) false "])
      }
    }

    @Test func whatStartedThrowsIsThrownByAddprocs_andTheWorkersAreRemoved() async throws {
      let calls = Told()
      try onWorker(.started, key: "throws") { pid in throw Foobar(number: 5) }
      try onWorker(.exited, key: "throws") { pid, state in calls.add("\(state)") }
      defer {
        removeCallback(.started, key: "throws")
        removeCallback(.exited, key: "throws")
      }
      try await leavingNothingBehind { () async throws in
        let single = await thrown(Foobar.self) { try await addprocs(1) }
        #expect(single == Foobar(number: 5))
        #expect(workers() == [1] && calls.all == ["terminated"])
        let several = await thrown(CompositeError.self) { try await addprocs(2) }
        #expect(several?.errors as? [Foobar] == [Foobar(number: 5), Foobar(number: 5)])
        #expect(workers() == [1] && calls.all.count == 3)
      }
    }

    @Test func whatStartingThrowsIsThrownByAddprocs_andNothingIsStarted() async throws {
      try onWorker(.starting, key: "throws") { _ in throw Foobar(number: 6) }
      defer { removeCallback(.starting, key: "throws") }
      try await leavingNothingBehind { () async throws in
        let error = await thrown(Foobar.self) { try await addprocs(1) }
        #expect(error == Foobar(number: 6))
        #expect(ProcessTable.children.isEmpty)
      }
    }

    @Test func whatExitedThrowsIsLogged_andRemovingGoesOn() async throws {
      let calls = Told()
      try onWorker(.exiting, key: "throws") { _ in throw Foobar(number: 7) }
      try onWorker(.exited, key: "throws") { _ in throw Foobar(number: 8) }
      try onWorker(.exited, key: "next") { pid, _ in calls.add("\(pid)") }
      defer {
        removeCallback(.exiting, key: "throws")
        removeCallback(.exited, key: "throws")
        removeCallback(.exited, key: "next")
      }
      try await withWorkers(1) { (pids) async throws in
        try await rmprocs(pids)
        #expect(calls.all == ["\(pids[0])"])
      }
    }

    @Test func exitingPutsOffTheRemovalForItsTimeoutOnly() async throws {
      let calls = Told()
      try onWorker(.exiting, key: "slow", timeout: .milliseconds(50)) { _ in
        do { try await Task.sleep(for: .seconds(3600)) } catch { calls.add("cancelled") }
      }
      defer { removeCallback(.exiting, key: "slow") }
      try await withWorkers(1) { (pids) async throws in
        try await within(.seconds(20), "rmprocs") { try await rmprocs(pids) }
        await eventually("the callback is cancelled") { calls.all == ["cancelled"] }
      }
    }

    @Test func aKeyIsUsedOnceForAnEvent() async throws {
      try onWorker(.started, key: "k") { _ in }
      try onWorker(.exiting, key: "k") { _ in }
      let error = await thrown(ClusterError.self) { try onWorker(.started, key: "k") { _ in } }
      #expect(error?.code == .invalidArgument && error?.message.contains("\"k\"") == true)
      #expect(removeCallback(.started, key: "k") && removeCallback(.exiting, key: "k"))
      try onWorker(.started, key: "k") { _ in }
      #expect(removeCallback(.started, key: "k"))
    }

    @Test func onlyProcess1HearsOfWorkers() async throws {
      try await withWorkers(1) { (pids) async throws in
        let error = await thrown(RemoteError.self) { try await remotecallFetch(RegisterThere(), on: pids[0]) }
        #expect((error?.underlying as? ClusterError)?.code == .notProcess1)
      }
    }

    @Test func aWorkerThatDidNotJoinHasNoEvents() async throws {
      let calls = Told()
      try onWorker(.started, key: "none") { _ in calls.add("started") }
      try onWorker(.exited, key: "none") { _ in calls.add("exited") }
      defer {
        removeCallback(.started, key: "none")
        removeCallback(.exited, key: "none")
      }
      try await leavingNothingBehind { () async throws in
        var options = AddprocsOptions()
        options.exename = "/bin/false"
        await expectCode(.launchFailed) { try await addprocs(1, options: options) }
        #expect(calls.all.isEmpty)
      }
    }
  }
}

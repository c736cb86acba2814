import Glibc
import Synchronization
import Testing

@testable import Muster

/// What `everywhere` did in this process.
let ran = Mutex<[String]>([])

struct Ran: RemoteAction {
  let what: String
  func callAsFunction() { ran.withLock { $0.append(what) } }
}

struct TakeRan: RemoteThunk {
  func callAsFunction() -> [String] {
    ran.withLock { ran in
      defer { ran = [] }
      return ran
    }
  }
}

/// Throws on some processes.
struct ThrowOn: RemoteThunk {
  let pids: [ProcessID]
  func callAsFunction() throws -> ProcessID {
    let me = myid()
    ran.withLock { $0.append("threw?") }
    if pids.contains(me) { throw Foobar(number: me.rawValue) }
    return me
  }
}

/// Ends the process where it is to end.
struct DieOn: RemoteAction {
  let pid: ProcessID
  func callAsFunction() {
    ran.withLock { $0.append("dies?") }
    if myid() == pid { kill(getpid(), SIGKILL) }
  }
}

struct EverywhereThere: RemoteAction {
  let lateJoiners: Bool
  func callAsFunction() async throws { try await everywhere(lateJoiners: lateJoiners, Ran(what: "from a worker")) }
}

/// How many other workers this process has connections to.
struct ConnectedWorkers: RemoteThunk {
  func callAsFunction() -> Int {
    Cluster.current.members.withLock { members in members.workers.count { members.openLink(to: $0) != nil } }
  }
}

private struct PrivateThunk: RemoteThunk {
  func callAsFunction() -> Int { 1 }
}

let level = GlobalKey<Int>("level")
let name = GlobalKey<String>("name")
let rows = GlobalKey<[Double]>("rows")

struct GlobalsThere: RemoteThunk {
  func callAsFunction() -> [String] {
    [global(level).map { "\($0)" } ?? "-", global(name) ?? "-", global(rows).map { "\($0)" } ?? "-"]
  }
}

/// A captured value with the name of a global.
struct Captures: RemoteThunk {
  let level: Int
  func callAsFunction() -> Int { level }
}

private func takeRan(_ pids: [ProcessID]) async throws -> [[String]] {
  var all: [[String]] = []
  for pid in pids { all.append(try await remotecallFetch(TakeRan(), on: pid)) }
  return all
}

/// There is one cluster for all tests: what one promises to late joiners must not be kept to the next.
private func withoutLateFunctions<Value>(_ body: () async throws -> Value) async rethrows -> Value {
  defer { Cluster.current.spreading.withLock { $0.late = LateFunctions() } }
  return try await body()
}

extension ClusterTests {
  @Suite struct Everywhere {
    @Test func itRunsOnAllProcesses_twiceInARow() async throws {
      try await withWorkers(2) { (pids) async throws in
        _ = try await takeRan([1])
        for _ in 0..<2 { try await everywhere(Ran(what: "a")) }
        #expect(try await takeRan([1] + pids) == Array(repeating: ["a", "a"], count: 3))
      }
    }

    @Test func onOneProcessItReturnsTheValue_onAListNothing() async throws {
      try await withWorkers(1) { (pids) async throws in
        #expect(try await everywhere(on: pids[0], Identity()) == pids[0])
        #expect(try await everywhere(on: 1, Identity()) == 1)
        let nothing: Void = try await everywhere(on: pids, Identity())
        #expect(nothing == ())
      }
    }

    @Test func whatItSetsIsOnTheNamedProcessesOnly_asOftenAsTheyAreNamed() async throws {
      try await withWorkers(3) { (pids) async throws in
        _ = try await takeRan([1])
        try await everywhere(on: [pids[0], pids[2], pids[0], 1, 1], Ran(what: "b"))
        #expect(try await takeRan([1] + pids) == [["b", "b"], ["b", "b"], [], ["b"]])
      }
    }

    @Test func errorsComeInTheOrderOfTheTargets() async throws {
      try await withWorkers(3) { (pids) async throws in
        let single = await thrown(RemoteError.self) { try await everywhere(on: pids[1], ThrowOn(pids: pids)) }
        #expect(single?.pid == pids[1] && single?.underlying as? Foobar == Foobar(number: pids[1].rawValue))
        _ = try await takeRan([1] + pids)
        let targets = [pids[2], 99, pids[0], 1, pids[1]]
        let error = await thrown(CompositeError.self) {
          try await everywhere(on: targets, ThrowOn(pids: [pids[2], pids[1], 1]))
        }
        #expect(error?.errors.count == 4)
        #expect(error?.errors.map { ($0 as? RemoteError)?.pid } == [pids[2], nil, 1, pids[1]])
        #expect((error?.errors[1] as? ClusterError)?.code == .noSuchProcess)
        #expect((error?.errors[0] as? RemoteError)?.backtrace.isEmpty == false)
        // The others have run it all the same.
        #expect(try await takeRan([1] + pids) == Array(repeating: ["threw?"], count: 4))
      }
    }

    @Test func aTypeThatCannotBeFoundIsRefusedBeforeItRunsAnywhere() async throws {
      try await withWorkers(1) { (_) async throws in
        let error = await thrown(ClusterError.self) { try await everywhere(PrivateThunk()) }
        #expect(error?.code == .privateFunction)
        let late = await thrown(ClusterError.self) { try await everywhere(lateJoiners: true, PrivateThunk()) }
        #expect(late?.code == .privateFunction)
      }
    }

    @Test func cancellingTheTaskEndsTheWait() async throws {
      try await withWorkers(2) { (pids) async throws in
        let task = Task.onCluster { try await everywhere(on: pids, NoteAndNap()) }
        try await eventually("it runs") { try await remotecallFetch(CountNotes(), on: pids[1]) == 1 }
        task.cancel()
        await thrown(CancellationError.self) { try await within(.seconds(20), "everywhere") { try await task.value } }
      }
    }

    @Test func interruptReachesTheFunction() async throws {
      try await withWorkers(2) { (pids) async throws in
        let task = Task.onCluster { try await everywhere(on: pids, NoteAndNap()) }
        for pid in pids {
          try await eventually("it runs") { try await remotecallFetch(CountNotes(), on: pid) == 1 }
        }
        try await interrupt(pids)
        let error = await thrown(CompositeError.self) {
          try await within(.seconds(20), "everywhere") { try await task.value }
        }
        #expect(
          error?.errors.map { (($0 as? RemoteError)?.underlying as? ClusterError)?.code } == [
            .interrupted, .interrupted,
          ])
      }
    }

    // MARK: Many workers

    @Test func manyWorkersAreReachedOverOthers_andALostOneLosesNoneOfThem() async throws {
      try await withWorkers(SpreadTarget.fanOut + 8) { (pids) async throws in
        _ = try await takeRan([1])
        try await everywhere(Ran(what: "c"))
        #expect(try await takeRan([1] + pids) == Array(repeating: ["c"], count: pids.count + 1))
        #expect(try await remotecallFetch(ConnectedWorkers(), on: pids[0]) > 0)

        let failing = Array(pids.suffix(2)) + [pids[1]]
        let error = await thrown(CompositeError.self) { try await everywhere(on: pids, ThrowOn(pids: failing)) }
        #expect(error?.errors.compactMap { ($0 as? RemoteError)?.pid } == failing.sorted())
        #expect(try await takeRan(pids) == Array(repeating: ["threw?"], count: pids.count))

        // The first of a branch ends while it passes the call on.
        let lost = await thrown(CompositeError.self) { try await everywhere(on: pids, DieOn(pid: pids[0])) }
        #expect(lost?.errors.count == 1 && (lost?.errors.first as? ProcessExitedError)?.pid == pids[0])
        let left = Array(pids.dropFirst())
        #expect(try await takeRan(left) == Array(repeating: ["dies?"], count: left.count))
      }
    }

    @Test func whereWorkersAreNotConnectedAllAreReachedDirectly() async throws {
      var options = AddprocsOptions()
      options.topology = .masterWorker
      try await withWorkers(SpreadTarget.fanOut + 2, options) { (pids) async throws in
        try await everywhere(on: pids, Ran(what: "d"))
        #expect(try await takeRan(pids) == Array(repeating: ["d"], count: pids.count))
      }
    }

    // MARK: Late joiners

    @Test func whoJoinsLaterRunsItInTheOrderOfTheCalls() async throws {
      try await withoutLateFunctions { () async throws in
        try await withWorkers(1) { (pids) async throws in
          try await everywhere(lateJoiners: true, Ran(what: "first"))
          try await everywhere(Ran(what: "not repeated"))
          try await everywhere(on: [1], lateJoiners: true, Ran(what: "second"))
          #expect(try await remotecallFetch(TakeRan(), on: pids[0]) == ["first", "not repeated"])
          let late = try await addprocs(2)
          #expect(try await takeRan(late) == [["first", "second"], ["first", "second"]])
          _ = try await remotecallFetch(EverywhereThere(lateJoiners: true), on: late[0])
          #expect(try await takeRan(pids + late) == Array(repeating: ["from a worker"], count: 3))
          let latest = try await addprocs(1)
          #expect(try await takeRan(latest) == [["first", "second", "from a worker"]])
        }
        _ = try await takeRan([1])
      }
    }

    @Test func whatThrowsIsNotRepeated_andWhatThrowsThereKeepsTheWorkerOut() async throws {
      try await withoutLateFunctions { () async throws in
        try await withWorkers(1) { (pids) async throws in
          await thrown(CompositeError.self) { try await everywhere(lateJoiners: true, ThrowOn(pids: pids)) }
          let next = try await addprocs(1)
          #expect(try await takeRan(next) == [[]])
          let coming = ProcessID(next[0].rawValue + 1)
          try await everywhere(lateJoiners: true, ThrowOn(pids: [coming]))
          let error = await thrown(ClusterError.self) { try await addprocs(1) }
          #expect(error?.code == .launchFailed && error?.message.contains("could not join") == true)
          #expect(workers() == pids + next)
          #expect(try await addprocs(1) == [ProcessID(coming.rawValue + 1)])
        }
        _ = try await takeRan([1])
      }
    }

    @Test func whoJoinsMeanwhileRunsItOnce() async throws {
      try await withoutLateFunctions { () async throws in
        try await withWorkers(1) { (pids) async throws in
          _ = try await takeRan([1])
          async let more = addprocs(3)
          for number in 0..<50 { try await everywhere(lateJoiners: true, Ran(what: "\(number)")) }
          let all = [1] + pids + (try await more)
          // A joiner runs the functions that were there before it in order; the others as they come.
          for ran in try await takeRan(all) { #expect(ran.sorted() == (0..<50).map { "\($0)" }.sorted()) }
        }
      }
    }

    // MARK: Globals

    @Test func clearForgetsNamedGlobalsOnOneOrAllWorkers() async throws {
      try await withWorkers(2) { (pids) async throws in
        try await setGlobal(level, 3, on: pids)
        try await setGlobal(name, "x", on: pids)
        try await setGlobal(rows, [1.5], on: pids[0])
        func there() async throws -> [[String]] {
          [try await fetchfrom(pids[0], GlobalsThere()), try await fetchfrom(pids[1], GlobalsThere())]
        }
        #expect(try await there() == [["3", "x", "[1.5]"], ["3", "x", "-"]])
        #expect(GlobalsThere()() == ["-", "-", "-"])
        try await clear(level, on: pids[1])
        #expect(try await there() == [["3", "x", "[1.5]"], ["-", "x", "-"]])
        try await clear(level, name)
        #expect(try await there() == [["-", "-", "[1.5]"], ["-", "-", "-"]])
        try await setGlobal(level, 4, on: procs())
        try await clear(level, name, rows, on: procs())
        #expect(try await there() == [["-", "-", "-"], ["-", "-", "-"]] && global(level) == nil)
      }
    }

    @Test func capturedValuesDoNotBecomeGlobals() async throws {
      try await withWorkers(1) { (pids) async throws in
        #expect(try await fetchfrom(pids[0], Captures(level: 5)) == 5)
        #expect(try await fetchfrom(pids[0], GlobalsThere())[0] == "-")
      }
    }

    @Test func dirIsTheWorkingDirectoryForRelativePaths() async throws {
      var options = AddprocsOptions()
      options.dir = "/usr"
      try await withWorkers(1, options) { (pids) async throws in
        #expect(try await everywhere(on: pids[0], Exists(path: "bin/env")))
      }
    }
  }
}

struct Exists: RemoteThunk {
  let path: String
  func callAsFunction() -> Bool { access(path, F_OK) == 0 }
}

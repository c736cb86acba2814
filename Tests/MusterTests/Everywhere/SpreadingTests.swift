import Synchronization
import Testing

@testable import Muster

@Test func `a call that comes on two ways is run once`() async throws {
  var recent = RecentCalls()
  let id = RRID(whence: 1, id: 7)
  let (promise, isFirst) = recent.begin(id, 0)
  let (again, isFirstAgain) = recent.begin(id, 0)
  #expect(isFirst && !isFirstAgain && again === promise)
  let (other, isOtherFirst) = recent.begin(id, 1)
  #expect(isOtherFirst && other !== promise)
}

@Test func `no more calls are remembered than can come again`() {
  var recent = RecentCalls()
  for number in 0...RecentCalls.limit { _ = recent.begin(RRID(whence: 1, id: UInt64(number)), 0) }
  #expect(!recent.begin(RRID(whence: 1, id: 1), 0).isFirst)
  #expect(recent.begin(RRID(whence: 1, id: 0), 0).isFirst)
}

@Test func `late joiners run functions in the order of the calls`() {
  var late = LateFunctions()
  let first = late.add { _, _ in }
  let second = late.add { _, _ in }
  let third = late.add { _, _ in }
  #expect(late.first(after: 0)?.number == first && late.first(after: first)?.number == second)
  let removed = late.remove(second)
  #expect(removed?.number == second)
  #expect(late.first(after: first)?.number == third && late.first(after: third) == nil)
}

@Test func `a call may come directly after it came over another process`() async throws {
  try await withClusterPair { _ async throws in
    let log = NoteBook.shared.newLog()
    let call = EverywhereCall(id: RRID(whence: 1, id: 99), position: 3, function: NoteThunk(log: log))
    for _ in 0..<3 { #expect(try await remotecallFetch(call, on: 2) == nil) }
    #expect(NoteBook.shared.entries(of: log).count == 1)
  }
}

@Test func `where a process cannot pass a call on it says so`() async throws {
  try await withClusterPair { pair async throws in
    let log = NoteBook.shared.newLog()
    let targets = [SpreadTarget(pid: 2, position: 0), SpreadTarget(pid: 77, position: 1)]
    let passOn = PassOn(id: RRID(whence: 1, id: 98), targets: targets, function: NoteThunk(log: log))
    let report = try await remotecallFetch(passOn, on: 2)
    #expect(report.unreached == [1] && report.failures.isEmpty)
    #expect(NoteBook.shared.entries(of: log) == ["2"])
  }
}

@Test func `everywhere runs on both processes of a pair, as often as they are named`() async throws {
  try await withClusterPair { _ async throws in
    let log = NoteBook.shared.newLog()
    try await everywhere(NoteThunk(log: log))
    #expect(NoteBook.shared.entries(of: log).sorted() == ["1", "2"])
    try await everywhere(on: [2, 1, 2, 2], NoteThunk(log: log))
    #expect(NoteBook.shared.entries(of: log).sorted() == ["1", "1", "2", "2", "2", "2"])
    try await everywhere(on: [], NoteThunk(log: log))
    #expect(NoteBook.shared.entries(of: log).count == 6)
  }
}

@Test func `globals are found by their name, as the type they have`() async throws {
  try await withClusterPair { pair async throws in
    let key = GlobalKey<Int>("answer")
    setGlobal(key, 42)
    #expect(global(key) == 42 && global(GlobalKey<Int>("question")) == nil)
    #expect(global(GlobalKey<String>("answer")) == nil)
    setGlobal(GlobalKey<String>("answer"), "x")
    #expect(global(key) == nil && global(GlobalKey<String>("answer")) == "x")
    #expect(pair.two.globals.withLock { $0.isEmpty })
    try await setGlobal(key, 7, on: 2)
    #expect(pair.two.globals.withLock { $0["answer"] as? Int } == 7)
    try await clear(key)
    #expect(pair.two.globals.withLock { $0.isEmpty } && global(GlobalKey<String>("answer")) == "x")
  }
}

struct NoteThunk: RemoteAction {
  let log: Int
  func callAsFunction() { NoteBook.shared.append("\(myid())", to: log) }
}

import Glibc
import Muster
import Synchronization
import Testing

/// Blocks its thread, as a system call does.
struct Block: RemoteThunk {
  let seconds: UInt32
  func callAsFunction() -> ProcessID {
    sleep(seconds)
    return myid()
  }
}

let openGates = Atomic<Int>(0)

/// Blocks its thread until a gate of its process is opened.
struct BlockUntilOpened: RemoteThunk {
  func callAsFunction() -> ProcessID {
    while openGates.load(ordering: .relaxed) == 0 { usleep(1000) }
    return myid()
  }
}

/// Computes until a gate of its process is opened.
struct ComputeUntilOpened: RemoteThunk {
  func callAsFunction() -> ProcessID {
    while openGates.load(ordering: .relaxed) == 0 {}
    return myid()
  }
}

struct OpenGates: RemoteAction {
  func callAsFunction() { openGates.store(1, ordering: .relaxed) }
}

struct MakeBytes: RemoteFunction {
  func callAsFunction(_ count: Int) -> [UInt8] { [UInt8](repeating: 7, count: count) }
}

extension ClusterTests {
  @Suite struct BusyWorkers {
    /// It ends only after they have been answered.
    @Test func aFunctionThatComputesDelaysNoOtherCall() async throws {
      try await withWorkers(1) { (pids) async throws in
        let computing = try await remotecall(ComputeUntilOpened(), on: pids[0])
        try await within(.seconds(30), "20 calls") { () async throws in
          for index in 0..<20 { #expect(try await remotecallFetch(Square(), on: pids[0], index) == index * index) }
        }
        #expect(try await !computing.isReady())
        _ = try await remotecallFetch(OpenGates(), on: pids[0])
        #expect(try await within(.seconds(30), "what computed") { try await computing.fetch() } == pids[0])
      }
    }

    @Test func aFunctionThatComputesDelaysNoReplyThatIsReadyAlready() async throws {
      try await withWorkers(1) { (pids) async throws in
        // Sent together: the answer to the first must not wait for the second.
        let first = try await remotecall(Square(), on: pids[0], 6)
        let second = try await remotecall(ComputeUntilOpened(), on: pids[0])
        let large = try await remotecall(MakeBytes(), on: pids[0], 8 << 20)
        #expect(try await within(.seconds(30), "the first") { try await first.fetch() } == 36)
        #expect(try await within(.seconds(30), "the large one") { try await large.fetch().count } == 8 << 20)
        #expect(try await !second.isReady())
        _ = try await remotecallFetch(OpenGates(), on: pids[0])
        _ = try await within(.seconds(30), "what computed") { try await second.fetch() }
      }
    }

    @Test func sixtyBlockingCallsAtOnceAndACheapOne() async throws {
      try await withWorkers(1) { (pids) async throws in
        var blocked: [Future<ProcessID>] = []
        for _ in 0..<60 { blocked.append(try await remotecall(BlockUntilOpened(), on: pids[0])) }
        #expect(
          try await within(.seconds(30), "a cheap call") { try await remotecallFetch(Square(), on: pids[0], 5) } == 25)
        for call in blocked { #expect(try await !call.isReady()) }
        _ = try await remotecallFetch(OpenGates(), on: pids[0])
        for call in blocked {
          #expect(try await within(.seconds(30), "a blocked call") { try await call.fetch() } == pids[0])
        }
      }
    }

    /// More than there are threads: the rest waits, and is not lost. It takes the time of two rounds.
    @Test func moreBlockingCallsThanThreadsAllFinish() async throws {
      try await withWorkers(1) { (pids) async throws in
        var blocked: [Future<ProcessID>] = []
        for _ in 0..<64 { blocked.append(try await remotecall(Block(seconds: 1), on: pids[0])) }
        let cheap = try await remotecall(Square(), on: pids[0], 5)
        #expect(try await within(.seconds(30), "the cheap one") { try await cheap.fetch() } == 25)
        for call in blocked {
          #expect(try await within(.seconds(60), "a blocked call") { try await call.fetch() } == pids[0])
        }
      }
    }

    @Test func manySuspendedCallsCostNoThreads() async throws {
      try await withWorkers(1) { (pids) async throws in
        var calls: [Future<ProcessID>] = []
        for _ in 0..<1000 { calls.append(try await remotecall(Nap(.milliseconds(500)), on: pids[0])) }
        #expect(try await remotecallFetch(Square(), on: pids[0], 5) == 25)
        let threads = ProcessTable.threadCount(of: try await osPID(of: pids[0]))
        #expect(threads < 16)
        for call in calls { #expect(try await within(.seconds(30), "a nap") { try await call.fetch() } == pids[0]) }
      }
    }

    @Test func computingOnProcess1DelaysNoAnswerToAWorker() async throws {
      try await withWorkers(1) { (pids) async throws in
        openGates.store(0, ordering: .relaxed)
        defer { openGates.store(1, ordering: .relaxed) }
        let computing = Task.onCluster { try await remotecallFetch(ComputeUntilOpened(), on: 1) }
        try await within(.seconds(30), "20 calls") { () async throws in
          for _ in 0..<20 { #expect(try await remotecallFetch(CallBack(), on: pids[0], 1) == 1) }
        }
        openGates.store(1, ordering: .relaxed)
        _ = try await computing.value
      }
    }
  }

  @Suite struct BackPressure {
    @Test func aStoppedWorkerDoesNotFillTheMemory() async throws {
      try await withWorkers(1) { (pids) async throws in
        let process = try await osPID(of: pids[0])
        let count = 1_000_000
        for index in 0..<1000 { try await remoteDo(TakeNote(), on: pids[0], index) }
        try await eventually("warm") { try await remotecallFetch(CountNotes(), on: pids[0]) == 1000 }
        kill(process, SIGSTOP)
        await eventually("it is stopped") { ProcessTable.isStopped(process) }
        let before = ProcessTable.residentSize(of: getpid())
        let sent = Counter()
        let sending = Task.onCluster {
          for index in 0..<count {
            try await remoteDo(TakeNote(), on: pids[0], index)
            sent.value.add(1, ordering: .relaxed)
          }
        }
        // The sender comes to a stand.
        var last = -1
        await eventually(within: .seconds(60), "the sender suspends") {
          let now = sent.value.load(ordering: .relaxed)
          defer { last = now }
          try? await Task.sleep(for: .milliseconds(200))
          return now > 0 && now == last
        }
        #expect(last < count, "it never suspended")
        #expect(ProcessTable.residentSize(of: getpid()) - before < 32 << 20)
        kill(process, SIGCONT)
        try await within(.seconds(120), "sending the rest") { try await sending.value }
        try await eventually(within: .seconds(60), "all are executed") {
          try await remotecallFetch(CountNotes(), on: pids[0]) == count + 1000
        }
        #expect(ProcessTable.residentSize(of: getpid()) - before < 64 << 20)
      }
    }

    /// It stops in the middle of answering; what it has not read piles up in nobody's memory.
    @Test func largeRepliesToASlowReader() async throws {
      try await withWorkers(2) { (pids) async throws in
        let process = try await osPID(of: pids[1])
        let asking = try await remotecall(AskForMuch(), on: pids[0], pids[1])
        // The one that answers stops now and then; the one that asks gets everything.
        for _ in 0..<5 {
          kill(process, SIGSTOP)
          await eventually("stopped") { ProcessTable.isStopped(process) }
          #expect(try await remotecallFetch(Square(), on: pids[0], 2) == 4)
          kill(process, SIGCONT)
        }
        #expect(try await within(.seconds(120), "40 replies of 4 MiB") { try await asking.fetch() } == 40 * (4 << 20))
      }
    }

    @Test func aReaderThatStopsDoesNotFillTheMemoryOfItsServer() async throws {
      try await withWorkers(2) { (pids) async throws in
        let (reader, server) = (try await osPID(of: pids[0]), try await osPID(of: pids[1]))
        // Connected both ways.
        _ = try await remotecallFetch(CallBack(), on: pids[0], pids[1])
        let before = ProcessTable.residentSize(of: server)
        let asking = try await remotecall(AskForMany(), on: pids[0], pids[1])
        kill(reader, SIGSTOP)
        await eventually("stopped") { ProcessTable.isStopped(reader) }
        var last = -1
        await eventually("the server comes to rest") {
          let now = ProcessTable.residentSize(of: server)
          defer { last = now }
          try? await Task.sleep(for: .milliseconds(300))
          return now == last
        }
        #expect(last - before < 96 << 20, "\((last - before) >> 20) MiB")
        // And it serves others meanwhile.
        #expect(
          try await within(.seconds(20), "another caller") { try await remotecallFetch(Square(), on: pids[1], 3) } == 9)
        kill(reader, SIGCONT)
        #expect(try await within(.seconds(120), "all replies") { try await asking.fetch() } == 2000 * (256 << 10))
      }
    }
  }
}

/// Asks one process for large values, several at a time.
struct AskForMuch: RemoteFunction {
  func callAsFunction(_ pid: ProcessID) async throws -> Int {
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<40 { group.addTask { try await remotecallFetch(MakeBytes(), on: pid, 4 << 20).count } }
      return try await group.reduce(0, +)
    }
  }
}

struct AskForMany: RemoteFunction {
  func callAsFunction(_ pid: ProcessID) async throws -> Int {
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<2000 { group.addTask { try await remotecallFetch(MakeBytes(), on: pid, 256 << 10).count } }
      return try await group.reduce(0, +)
    }
  }
}

final class Counter: Sendable {
  let value = Atomic<Int>(0)
}

extension ProcessTable {
  static func threadCount(of pid: Int32) -> Int {
    guard let line = text(of: "/proc/\(pid)/status")?.split(separator: "\n").first(where: { $0.hasPrefix("Threads:") })
    else { return 0 }
    return Int(line.split(separator: "\t").last ?? "") ?? 0
  }
}

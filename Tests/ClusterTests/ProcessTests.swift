import Glibc
import Muster
import Synchronization
import Testing

/// Ends its process in the ways in which processes end.
struct End: RemoteThunk {
  enum Way: String, Codable { case exitThree, segmentationFault, abort, fatalError, kill }
  let way: Way

  func callAsFunction() -> Int {
    // No core files, and no minute of symbolizing.
    var limit = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
    switch way {
    case .exitThree: exit(3)
    case .segmentationFault:
      signal(SIGSEGV, SIG_DFL)
      UnsafeMutablePointer<Int>(bitPattern: 8)!.pointee = 1
    case .abort: Glibc.abort()
    case .fatalError: Swift.fatalError("a bug of the user's")
    case .kill: Glibc.kill(getpid(), SIGKILL)
    }
    return 0
  }
}

let interruptions = Atomic<Int>(0)

/// Ignores that it is cancelled.
struct IgnoreCancellation: RemoteThunk {
  func callAsFunction() async -> Int {
    for _ in 0..<20 {
      try? await Task.sleep(for: .milliseconds(1))
      if Task.isCancelled { interruptions.add(1, ordering: .relaxed) }
      await Task.yield()
    }
    let end = ContinuousClock.now + .milliseconds(500)
    while ContinuousClock.now < end { try? await Task.sleep(for: .milliseconds(1)) }
    return 5
  }
}

struct NoteAndNap: RemoteThunk {
  func callAsFunction() async throws -> ProcessID {
    notes.withLock { $0.append(1) }
    try await Task.sleep(for: .seconds(3600))
    return myid()
  }
}

struct NestedNap: RemoteFunction {
  func callAsFunction(_ pid: ProcessID) async throws -> ProcessID {
    try await remotecallFetch(NoteAndNap(), on: pid)
  }
}

extension ClusterTests {
  @Suite struct Processes {
    @Test func numbersAreNeverUsedAgain() async throws {
      try await leavingNothingBehind { () async throws in
        var seen: Set<ProcessID> = []
        for _ in 0..<3 {
          let pids = try await addprocs(2)
          #expect(pids == pids.sorted())
          #expect(seen.isDisjoint(with: pids) && pids.allSatisfy { $0 > seen.max() ?? 1 })
          seen.formUnion(pids)
          #expect(workers() == pids && procs() == [1] + pids && nprocs() == 3 && nworkers() == 2)
          #expect(procs(on: pids[0]) == procs())
          try await rmprocs(pids)
          #expect(workers() == [1] && procs() == [1])
        }
      }
    }

    @Test func countsAgreeOnEveryWorkerAfterEachRemoval() async throws {
      try await withWorkers(4) { (pids) async throws in
        #expect(nprocs() == 5)
        var left = pids
        while let pid = left.popLast() {
          try await rmprocs(pid)
          #expect(workers() == (left.isEmpty ? [1] : left))
          for other in left {
            try await eventually("worker \(other) knows that \(pid) has gone") {
              try await remotecallFetch(WorkersThere(), on: other) == left
            }
          }
        }
      }
    }

    @Test func severalAddprocsAtOnce() async throws {
      try await leavingNothingBehind { () async throws in
        async let first = addprocs(2)
        async let second = addprocs(2)
        async let third = addprocs(1)
        let pids = try await first + second + third
        #expect(Set(pids).count == 5 && workers() == pids.sorted())
        for pid in pids { #expect(try await remotecallFetch(Travel(), on: pid, pids) == [pid] + pids) }
      }
    }

    @Test func removingTwiceAtOnceIsNotAProblem() async throws {
      try await withWorkers(1) { (pids) async throws in
        let first = startRmprocs(pids)
        let second = startRmprocs(pids)
        try await within(.seconds(20), "rmprocs") { try await first.value }
        _ = await within0 { try await second.value }
        #expect(workers() == [1])
      }
    }

    @Test func removingAWorkerFailsTheCallsThatRunThere() async throws {
      try await withWorkers(2) { (pids) async throws in
        let call = try await remotecall(Nap(.seconds(3600)), on: pids[0])
        let nested = try await remotecall(NestedNap(), on: pids[1], pids[0])
        try await eventually("the nested call runs") { try await remotecallFetch(CountNotes(), on: pids[0]) == 1 }
        #expect(try await !call.isReady())
        try await within(.seconds(20), "rmprocs") { try await rmprocs(pids[0]) }
        let error = await thrown(ProcessExitedError.self) {
          try await within(.seconds(20), "fetch") { try await call.fetch() }
        }
        #expect(error?.pid == pids[0] && error?.reason.contains("removed") == true)
        let there = await thrown(RemoteError.self) {
          try await within(.seconds(20), "nested") { try await nested.fetch() }
        }
        #expect((there?.underlying as? ProcessExitedError)?.pid == pids[0])
      }
    }

    @Test func aBusyWorkerCanBeRemoved() async throws {
      try await withWorkers(1) { (pids) async throws in
        for _ in 0..<4 { try await remoteDo(Compute(seconds: 3600), on: pids[0]) }
        try await within(.seconds(20), "a call") { _ = try await remotecallFetch(Identity(), on: pids[0]) }
        try await within(.seconds(20), "rmprocs") { try await rmprocs(pids) }
      }
    }

    @Test func aStoppedWorkerCanBeRemoved() async throws {
      try await withWorkers(1) { (pids) async throws in
        let process = try await osPID(of: pids[0])
        kill(process, SIGSTOP)
        await eventually("it is stopped") { ProcessTable.isStopped(process) }
        try await within(.seconds(20), "rmprocs") { try await rmprocs(pids) }
      }
    }

    @Test func interruptCancelsACallThatSuspends() async throws {
      try await withWorkers(2) { (pids) async throws in
        for pid in pids {
          let calls = try await (
            remotecall(Nap(.seconds(3600)), on: pid), remotecall(Nap(.seconds(3600)), on: pid)
          )
          _ = try await remotecallFetch(Identity(), on: pid)
          try await interrupt(pid)
          for call in [calls.0, calls.1] {
            let error = await thrown(RemoteError.self) {
              try await within(.seconds(20), "the call") { try await call.fetch() }
            }
            #expect((error?.underlying as? ClusterError)?.code == .interrupted)
            #expect(error?.message.contains("interrupted") == true && error?.message.contains("Nap") == true)
          }
          #expect(try await remotecallFetch(Square(), on: pid, 3) == 9)
        }
        #expect(workers() == pids)
      }
    }

    @Test func interruptWithoutNumbersReachesAllWorkers() async throws {
      try await withWorkers(3) { (pids) async throws in
        var calls: [Future<ProcessID>] = []
        for pid in pids { calls.append(try await remotecall(Nap(.seconds(3600)), on: pid)) }
        for pid in pids { _ = try await remotecallFetch(Identity(), on: pid) }
        try await interrupt()
        for call in calls {
          let error = await thrown(RemoteError.self) {
            try await within(.seconds(20), "the call") { try await call.fetch() }
          }
          #expect((error?.underlying as? ClusterError)?.code == .interrupted)
        }
        #expect(workers() == pids)
      }
    }

    @Test func aFunctionThatIgnoresTheInterruptGoesOn() async throws {
      try await withWorkers(1) { (pids) async throws in
        let call = try await remotecall(IgnoreCancellation(), on: pids[0])
        _ = try await remotecallFetch(Identity(), on: pids[0])
        try await interrupt(pids[0])
        #expect(try await within(.seconds(30), "the call") { try await call.fetch() } == 5)
        #expect(try await remotecallFetch(Identity(), on: pids[0]) == pids[0])
      }
    }

    @Test func aSecondInterruptWithinASecondEndsTheWorker() async throws {
      try await withWorkers(1) { (pids) async throws in
        let call = try await remotecall(Compute(seconds: 3600), on: pids[0])
        _ = try await remotecallFetch(Identity(), on: pids[0])
        try await interrupt(pids[0])
        #expect(try await !call.isReady())
        // More than once: on a machine under load a second may pass between two.
        await eventually("it is gone") {
          try? await interrupt(pids[0])
          return workers() == [1]
        }
        let error = await thrown(ProcessExitedError.self) {
          try await within(.seconds(20), "the call") { try await call.fetch() }
        }
        #expect(error?.pid == pids[0])
        #expect(error?.reason.contains("130") == true, "\(String(describing: error))")
      }
    }

    @Test(arguments: [
      (End.Way.exitThree, "exited with status 3"), (.segmentationFault, "signal 11"), (.abort, "signal 6"),
      (.fatalError, "signal "), (.kill, "signal 9"),
    ])
    func everyWaiterHearsAtOnceHowAWorkerDied(way: End.Way, reason: String) async throws {
      try await withWorkers(2) { (pids) async throws in
        let victim = pids[0]
        let (fetching, waiting) = (try await remotecall(Nap(.seconds(3600)), on: victim), Future<Int>(on: victim))
        let waiters = [
          Task { _ = try await remotecallFetch(Nap(.seconds(3600)), on: victim) },
          Task { _ = try await fetching.fetch() },
          Task {
            try await fetching.wait()
            _ = try await fetching.fetch()
          },
          Task { _ = try await waiting.fetch() },
          Task { _ = try await remotecallWait(Nap(.seconds(3600)), on: victim) },
        ]
        let peer = try await remotecall(NestedNap(), on: pids[1], victim)
        try await eventually("the nested call runs") { try await remotecallFetch(CountNotes(), on: victim) == 1 }
        let start = ContinuousClock.now
        let own = await thrown(ProcessExitedError.self) {
          try await within(.seconds(30), "the fatal call") { try await remotecallFetch(End(way: way), on: victim) }
        }
        #expect(own?.pid == victim && own?.reason.contains(reason) == true, "\(String(describing: own))")
        for waiter in waiters {
          let error = await thrown(ProcessExitedError.self) {
            try await within(.seconds(10), "a waiter") { try await waiter.value }
          }
          #expect(error?.pid == victim && error?.reason.contains(reason) == true, "\(String(describing: error))")
        }
        let there = await thrown(RemoteError.self) {
          try await within(.seconds(10), "the peer") { try await peer.fetch() }
        }
        #expect((there?.underlying as? ProcessExitedError)?.pid == victim, "\(String(describing: there))")
        #expect(ContinuousClock.now - start < .seconds(25), "at once, not after a heartbeat's timeout, which is 30 s")
        #expect(workers() == [pids[1]])
        let after = await thrown(ProcessExitedError.self) { try await remotecallFetch(Identity(), on: victim) }
        #expect(after?.pid == victim && after?.reason.contains(reason) == true, "\(String(describing: after))")
        #expect(try await remotecallFetch(Square(), on: pids[1], 4) == 16)
      }
    }

    @Test func aHundredWaitersHearOfAKilledWorker() async throws {
      try await withWorkers(2) { (pids) async throws in
        let victim = pids[0]
        let calls = (0..<100).map { _ in Task { try await remotecallFetch(Nap(.seconds(3600)), on: victim) } }
        let process = try await osPID(of: victim)
        kill(process, SIGKILL)
        for call in calls {
          let error = await thrown((any Error).self) {
            try await within(.seconds(20), "a waiter") { try await call.value }
          }
          // Those that had not been sent yet are told that it is not there.
          #expect((error as? ProcessExitedError)?.pid == victim || (error as? ClusterError)?.code == .noSuchProcess)
        }
      }
    }

    @Test func theSecretIsInNoPlaceThatOthersCanRead() async throws {
      try await withWorkers(2) { (pids) async throws in
        let cookie = clusterCookie()
        for pid in pids {
          let process = try await osPID(of: pid)
          for file in ["environ", "cmdline"] {
            let text = ProcessTable.text(of: "/proc/\(process)/\(file)")
            #expect(text != nil && text?.contains(cookie) == false && text?.lowercased().contains("cookie") == false)
          }
          // User code sees no mark of the worker either.
          #expect(try await remotecallFetch(OwnArguments(), on: pid) == [])
          #expect(try await remotecallFetch(OpenFiles(), on: pid).allSatisfy { !$0.contains(cookie) })
        }
        for process in ProcessTable.all {
          #expect(ProcessTable.text(of: "/proc/\(process)/cmdline")?.contains(cookie) != true)
        }
      }
    }

    @Test func environmentDirectoryArgumentsAndThreadVariables() async throws {
      var options = AddprocsOptions()
      options.env = ["CLUSTER_TEST": "a b=c"]
      options.dir = "/usr"
      options.exeflags = ["one", "two words"]
      let before = getenv("OMP_NUM_THREADS").map { String(cString: $0) }
      try await withWorkers(1, options) { (pids) async throws in
        #expect(try await remotecallFetch(Variable(), on: pids[0], "CLUSTER_TEST") == "a b=c")
        #expect(try await remotecallFetch(Variable(), on: pids[0], "OMP_NUM_THREADS") == "1")
        #expect(try await remotecallFetch(Variable(), on: pids[0], "OPENBLAS_NUM_THREADS") == "1")
        #expect(try await remotecallFetch(Variable(), on: pids[0], "MKL_NUM_THREADS") == "1")
        #expect(try await remotecallFetch(WorkingDirectory(), on: pids[0]) == "/usr")
        #expect(try await remotecallFetch(OwnArguments(), on: pids[0]) == ["one", "two words"])
        #expect(getenv("OMP_NUM_THREADS").map { String(cString: $0) } == before)
        var more = AddprocsOptions()
        more.threadsPerWorker = 3
        let second = try await addprocs(1, options: more)
        #expect(try await remotecallFetch(Variable(), on: second[0], "OMP_NUM_THREADS") == "3")
      }
    }

    @Test(arguments: [TransportChoice.automatic, .tcp]) func everyTransport(transport: TransportChoice) async throws {
      var options = AddprocsOptions()
      options.transport = transport
      try await withWorkers(2, options) { (pids) async throws in
        #expect(try await remotecallFetch(Travel(), on: pids[0], [pids[1], 1]) == pids + [1])
        let array = (0..<500_000).map(Double.init)
        #expect(try await remotecallFetch(Echo<[Double]>(), on: pids[1], array) == array)
      }
    }
  }
}

/// The outcome of what may fail or not.
func within0<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async -> Result<Value, any Error> {
  do { return .success(try await within(.seconds(20), "it", body)) } catch { return .failure(error) }
}

struct Variable: RemoteFunction {
  func callAsFunction(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}

struct WorkingDirectory: RemoteThunk {
  func callAsFunction() -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    getcwd(&buffer, buffer.count)
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

struct OwnArguments: RemoteThunk {
  func callAsFunction() -> [String] { Array(CommandLine.arguments.dropFirst()) }
}

struct OpenFiles: RemoteThunk {
  func callAsFunction() -> [String] {
    (0..<64).compactMap { descriptor in
      var buffer = [CChar](repeating: 0, count: 4096)
      let count = readlink("/proc/self/fd/\(descriptor)", &buffer, buffer.count - 1)
      return count > 0 ? String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }
  }
}

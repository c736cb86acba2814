import CTestWorker
import Glibc
import Muster
import Testing

/// All tests that start workers: there is one cluster in a process, so they run one after the other.
@Suite(.serialized) enum ClusterTests {}

/// Starts workers of this test, runs `body`, removes whatever workers there are then, and checks that nothing is left:
/// no child process, no worker in any list.
func withWorkers<Value>(
  _ count: Int, _ options: AddprocsOptions = .init(), sourceLocation: SourceLocation = #_sourceLocation,
  _ body: ([ProcessID]) async throws -> Value
) async throws -> Value {
  try await leavingNothingBehind(sourceLocation: sourceLocation) {
    try await body(try await addprocs(count, options: options))
  }
}

/// As `withWorkers`, where the test adds the workers.
func leavingNothingBehind<Value>(
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Value
) async throws -> Value {
  test_worker_link()
  let result: Result<Value, any Error>
  do { result = .success(try await body()) } catch { result = .failure(error) }
  let left = workers().filter { $0 != 1 }
  if !left.isEmpty {
    do {
      try await within(.seconds(40), "rmprocs") { try await rmprocs(left) }
    } catch {
      Issue.record("removing \(left): \(error)", sourceLocation: sourceLocation)
    }
  }
  // Removing ends when the process has: but one that died meanwhile is reaped when the Engine gets to it.
  await eventually("no child process is left", sourceLocation: sourceLocation) { ProcessTable.children.isEmpty }
  if !ProcessTable.children.isEmpty {
    let lines = ProcessTable.children.map {
      "\($0) \(ProcessTable.status(of: $0)?.state ?? "?") \(ProcessTable.commandLine(of: $0))"
    }
    Issue.record("left: \(lines)", sourceLocation: sourceLocation)
    for child in ProcessTable.children { kill(child, SIGKILL) }
  }
  await eventually("no worker is listed", sourceLocation: sourceLocation) { workers() == [1] && nprocs() == 1 }
  #expect(try await defaultWorkerPool().count == 0, sourceLocation: sourceLocation)
  return try result.get()
}

/// The operating system's number of a worker.
struct OSProcess: RemoteThunk {
  func callAsFunction() -> Int32 { getpid() }
}

func osPID(of pid: ProcessID) async throws -> Int32 { try await remotecallFetch(OSProcess(), on: pid) }

/// What a function says in each of these processes, one after the other.
func fromEach<F: RemoteThunk>(_ pids: [ProcessID], _ function: F) async throws -> [F.Output] {
  var values: [F.Output] = []
  for pid in pids { values.append(try await remotecallFetch(function, on: pid)) }
  return values
}

/// Says which process it runs in.
struct Identity: RemoteThunk {
  func callAsFunction() -> ProcessID { myid() }
}

struct Square: RemoteFunction {
  func callAsFunction(_ x: Int) -> Int { x * x }
}

/// Returns its argument.
struct Echo<Value: Codable & Sendable>: RemoteFunction {
  func callAsFunction(_ value: Value) -> Value { value }
}

/// Computes for so long, without ever suspending.
struct Compute: RemoteThunk {
  let seconds: Double

  func callAsFunction() -> Int {
    let end = ContinuousClock.now + .seconds(seconds)
    var rounds = 0
    while ContinuousClock.now < end { rounds &+= 1 }
    return rounds
  }
}

/// Suspends for so long; can be cancelled.
struct Nap: RemoteThunk {
  let duration: Duration

  init(_ duration: Duration) { self.duration = duration }

  func callAsFunction() async throws -> ProcessID {
    try await Task.sleep(for: duration)
    return myid()
  }
}

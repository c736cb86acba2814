import Glibc
import Muster

/// Programs that others look at: in their event log, in their log, in what they say at their end.

/// Takes a few milliseconds; ends its process where that is the victim.
struct Perilous: RemoteFunction {
  let victim: ProcessID?

  func callAsFunction(_ x: Int) async throws -> Int {
    if myid() == victim { kill(getpid(), SIGKILL) }
    try await Task.sleep(for: .milliseconds(3))
    return x
  }
}

/// Needs another process for what it does.
struct Depends: RemoteFunction {
  let other: ProcessID

  init(on other: ProcessID) { self.other = other }

  func callAsFunction(_ x: Int) async throws -> Int { try await remotecallFetch(Work(), on: other, x) }
}

extension [Int] { fileprivate func discard() {} }

/// One of three workers is killed by an item; the others do what it leaves. Then a map of short items.
@Sendable func losesAWorker(_ arguments: [String]) async throws {
  let pids = try await addprocs(3)
  let done = try await pmap(Perilous(victim: pids[1]), 0..<60, retryDelays: [.zero, .zero, .zero])
  let short = try await pmap(Work(), 0..<1000, batchSize: 10)
  print("done \(done.count) \(short.count) with \(nworkers()) workers")
}

/// A worker is killed, and one thing after the other fails because of that.
@Sendable func failsInTheEnd(_ arguments: [String]) async throws {
  let pids = try await addprocs(2)
  // Its last worker goes with the first item; what is under way then fails, and so does what comes after it.
  try? await pmap(Perilous(victim: pids[0]), 0..<4, on: WorkerPool([pids[0]])).discard()
  for _ in 0..<3 { try? await pmap(Depends(on: pids[0]), 0..<4, on: WorkerPool([pids[1]])).discard() }
  throw Complaint(description: "it cannot go on like this")
}

/// Its worker would log less than it does itself, and something in it fails.
@Sendable func logsOnAWorker(_ arguments: [String]) async throws {
  var options = AddprocsOptions()
  options.env = ["MUSTER_LOG": "critical"]
  let pids = try await addprocs(1, options: options)
  try await remoteDo(Fail(), on: pids[0])
  // Until the test has seen it.
  try await waitForEver()
}

/// Asks for events in code.
@Sendable func recordsEvents(_ arguments: [String]) async throws {
  try recordEvents(to: arguments[0])
  try await announce(try await addprocs(1))
  try await waitForEver()
}

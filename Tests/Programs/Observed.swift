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
  for _ in 0..<3 {
    do {
      _ = try await pmap(Perilous(victim: pids[0]), 0..<4, on: WorkerPool([pids[0]]))
      print("the map has not failed")
    } catch {
      print("map: \(error)")
    }
  }
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

import Muster

/// How many values this worker keeps for others.
struct KeptReferences: RemoteThunk {
  func callAsFunction() -> Int { keptReferenceCount() }
}

extension Row {
  /// Results of calls, each kept by the worker under a reference that is dropped without being fetched.
  ///
  /// When the last has been dropped the worker keeps nothing, and the memory of both processes is what it was after the
  /// first round, but for a few MiB that allocators keep.
  static let references = Row(name: "references") { bench in
    let count = bench.scaled(1_000_000)
    return try await bench.withWorkers(1) { pids in
      try await makeAndDrop(count, on: pids[0])
      let before = try await memory(of: pids[0])
      let ours = try await bench.repeated(blocks: 3) {
        try await measure(1, warmUp: 0) { try await makeAndDrop(count, on: pids[0]) }
      }
      let grown = try await memory(of: pids[0]) - before
      try check(grown < 16e6, is: true, "that memory has not grown by 16 MB (but by \(Int(grown / 1e6)))")
      return .rate("references", bench, of: count, ours)
    }
  }

  private static func makeAndDrop(_ count: Int, on pid: ProcessID) async throws {
    for number in 0..<count { _ = try await remotecall(Increment(), on: pid, number) }
    // What was dropped last is released when this process has nothing else to do.
    for _ in 0..<1_000 {
      if try await remotecallFetch(KeptReferences(), on: pid) == 0 { return }
      try await Task.sleep(for: .milliseconds(1))
    }
    try check(try await remotecallFetch(KeptReferences(), on: pid), is: 0, "the number of references that are kept")
  }

  /// Of this process and a worker together, in bytes.
  private static func memory(of pid: ProcessID) async throws -> Double {
    try residentMemory(of: SystemProcessID()()) + residentMemory(of: await remotecallFetch(SystemProcessID(), on: pid))
  }
}

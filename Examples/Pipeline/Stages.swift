import Muster

/// Some lines on their way, and whose they are.
struct Lines: Codable, Sendable {
  var block: Block
  var bytes: [UInt8]
}

/// Runs on several workers: reads blocks.
struct Reader: RemoteAction {
  let blocks: RemoteChannel<Block>
  let raw: RemoteChannel<Lines>

  func callAsFunction() async throws {
    for try await block in blocks { try await raw.put(Lines(block: block, bytes: block.read())) }
  }
}

/// Runs on all workers: normalises lines.
struct Transformer: RemoteAction {
  let raw: RemoteChannel<Lines>
  let finished: RemoteChannel<Lines>

  func callAsFunction() async throws {
    for try await lines in raw {
      let bytes = try normalised(lines.bytes, of: lines.block.path)
      try await finished.put(Lines(block: lines.block, bytes: bytes))
    }
  }
}

/// The whole pipeline: `blocks` → readers → `raw` → transformers → `finished` → the writer.
///
/// A full channel stops who would put more into it. And no more than `inFlight` blocks have been issued and not written,
/// so that a slow block lets the others pile up before the writer no further than that.
struct Stages {
  let work: [Block]
  let readers: [ProcessID]
  let inFlight: RemoteChannel<Nothing>
  let blocks = RemoteChannel<Block>(capacity: 4)
  let raw = RemoteChannel<Lines>(capacity: 4, on: workers()[0])
  let finished = RemoteChannel<Lines>(capacity: 4)

  init(blocks: [Block], readers count: Int, inFlight limit: Int) {
    let workers = workers()
    work = blocks
    readers = (0..<count).map { workers[$0 % workers.count] }
    inFlight = RemoteChannel(capacity: limit)
  }

  /// Runs all stages at once. Each closes the channel behind it when it has put everything there, which ends the next.
  ///
  /// - Returns: how many blocks at most had to wait for an earlier one before they were written.
  func run(into file: OutputFile) async throws -> Int {
    try await withThrowingTaskGroup(of: Void.self) { group in
      let mostEarly = Future<Int>()
      group.addTask { try await issue() }
      group.addTask { try await run(Reader(blocks: blocks, raw: raw), on: readers, thenClose: raw) }
      group.addTask { try await run(Transformer(raw: raw, finished: finished), on: workers(), thenClose: finished) }
      group.addTask { try await mostEarly.put(try await write(to: file)) }
      do {
        for try await _ in group {}
      } catch {
        // The first error ends it everywhere: nobody goes on waiting at a closed channel.
        try? await blocks.close()
        try? await raw.close()
        try? await finished.close()
        throw error
      }
      return try await mostEarly.fetch()
    }
  }

  private func issue() async throws {
    for block in work {
      try await inFlight.put(Nothing())
      try await blocks.put(block)
    }
    try await blocks.close()
  }

  /// Runs a stage on some processes until all have ended, or one has failed.
  private func run(
    _ stage: some RemoteAction, on pids: [ProcessID], thenClose channel: RemoteChannel<Lines>
  ) async throws {
    try await withThrowingTaskGroup { group in
      for pid in pids { group.addTask { try await remotecallFetch(stage, on: pid) } }
      for try await _ in group {}
    }
    try await channel.close()
  }

  /// Writes the blocks in order, in whatever order they come.
  private func write(to file: OutputFile) async throws -> Int {
    var early: [Int: [UInt8]] = [:]
    var (next, mostEarly) = (0, 0)
    for try await lines in finished {
      early[lines.block.number] = lines.bytes
      while let bytes = early.removeValue(forKey: next) {
        try file.write(bytes)
        _ = try await inFlight.take()
        next += 1
      }
      mostEarly = max(mostEarly, early.count)
    }
    return mostEarly
  }
}

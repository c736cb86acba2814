import Synchronization

/// How the parts of a loop come to the workers.
extension Cluster {
  // MARK: With a result

  /// The results of the parts, in order.
  func values<F: RemoteFunction>(
    _ chunk: F, _ count: Int, _ schedule: LoopSchedule
  ) async throws -> [F.Output] where F.Input == Range<Int> {
    let workers = members.withLock { $0.workers }
    switch schedule {
    case .static: return try await values(chunk, Array(zip(workers, splitrange(0..<count, into: workers.count))))
    case .dynamic(let size):
      let queue = try ChunkQueue(count: count, size: size)
      return try await pmap(chunk, IteratorSequence(AnyIterator { queue.next() }), on: WorkerPool(workers))
    }
  }

  private func values<F: RemoteFunction>(
    _ chunk: F, _ parts: [(pid: ProcessID, positions: Range<Int>)]
  ) async throws -> [F.Output] where F.Input == Range<Int> {
    try await withThrowingTaskGroup(of: (part: Int, value: F.Output).self) { group in
      for (part, (pid, positions)) in parts.enumerated() {
        group.addTask { [self] in (part, try await call(chunk, on: pid, positions)) }
      }
      var values = [F.Output?](repeating: nil, count: parts.count)
      for try await (part, value) in group { values[part] = value }
      return values.compactMap { $0 }
    }
  }

  // MARK: Without

  /// Starts the parts, and returns futures for them.
  func distribute<F: RemoteFunction>(
    _ chunk: F, _ count: Int, _ schedule: LoopSchedule
  ) async throws -> [Future<Nothing>] where F.Input == Range<Int>, F.Output == Nothing {
    let workers = members.withLock { $0.workers }
    switch schedule {
    case .static:
      var futures: [Future<Nothing>] = []
      for (pid, positions) in zip(workers, splitrange(0..<count, into: workers.count)) {
        futures.append(try await spawn(chunk, on: pid, positions))
      }
      return futures
    case .dynamic(let size):
      let queue = try ChunkQueue(count: count, size: size)
      if workers != [myid] { _ = try functions.entry(of: F.self) }
      return workers.prefix(queue.chunkCount).map { startLane(chunk, queue, on: $0) }
    }
  }

  private func startLane<F: RemoteFunction>(
    _ chunk: F, _ queue: ChunkQueue, on pid: ProcessID
  ) -> Future<Nothing> where F.Input == Range<Int>, F.Output == Nothing {
    let id = nextReference()
    let promise = references.create(id, holder: myid)
    task { [self] in promise.fulfil(await runLane(chunk, queue, on: pid)) }
    return Future(cluster: self, promise: promise, id: id)
  }

  /// Has a worker run chunks until there are none, or it is lost.
  private func runLane<F: RemoteFunction>(
    _ chunk: F, _ queue: ChunkQueue, on pid: ProcessID
  ) async -> Result<any Sendable, any Error> where F.Input == Range<Int>, F.Output == Nothing {
    var failure: RemoteError?
    while let positions = queue.next() {
      do {
        _ = try await call(chunk, on: pid, positions)
      } catch let error as RemoteError {
        failure = failure ?? error
      } catch {
        return .failure(failure ?? error)
      }
    }
    return failure.map { .failure($0) } ?? .success(Nothing())
  }
}

/// Hands out the positions of a loop in chunks.
final class ChunkQueue: Sendable {
  private let count: Int
  private let size: Int
  private let taken = Mutex(0)

  /// - Throws: `ClusterError` `.invalidArgument` for a size below 1.
  init(count: Int, size: Int) throws(ClusterError) {
    guard size > 0 else {
      throw ClusterError(.invalidArgument, "distributed: the chunk of the schedule is \(size): it must be at least 1")
    }
    self.count = count
    self.size = size
  }

  var chunkCount: Int { count / size + (count % size > 0 ? 1 : 0) }

  func next() -> Range<Int>? {
    taken.withLock { taken in
      guard taken < count else { return nil }
      let chunk = taken..<(taken + min(size, count - taken))
      taken = chunk.upperBound
      return chunk
    }
  }
}

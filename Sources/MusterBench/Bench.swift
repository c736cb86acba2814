import Glibc
import Muster

/// What every row is given: how to connect, how much to do, and how to compare with the raw limit.
struct Bench: Sendable {
  let socket: SocketKind
  let isQuick: Bool

  /// An amount of work, or a tenth of it.
  func scaled(_ work: Int) -> Int { isQuick ? max(1, work / 10) : work }

  var options: AddprocsOptions {
    var options = AddprocsOptions()
    options.transport = socket.choice
    return options
  }

  /// Runs `body` with fresh workers, which are gone afterwards.
  func withWorkers<Result: Sendable>(
    _ count: Int, _ body: ([ProcessID]) async throws -> Result
  ) async throws -> Result {
    let pids = try await addprocs(count, options: options)
    do {
      let result = try await body(pids)
      try await rmprocs(pids)
      return result
    } catch {
      try? await rmprocs(pids)
      throw error
    }
  }

  /// Measures in turns, because a shared machine is fast at one moment and slow at the next: a ratio only means
  /// something between neighbours.
  ///
  /// - Parameter ways: how the raw processes wait; the fastest is the limit.
  func interleave(
    blocks: Int = 5, ways: [Waiting] = [.adapts, .sleeps], ours: () async throws -> Samples,
    raw: @escaping @Sendable (Waiting) throws -> Samples
  ) async throws -> (ours: Summary, raw: Summary) {
    var mine: [Samples] = []
    var theirs: [[Samples]] = ways.map { _ in [] }
    for _ in 0..<blocks {
      mine.append(try await ours())
      for (index, way) in ways.enumerated() {
        // Off the Engine, which meanwhile sleeps: it must not compete for the cores.
        theirs[index].append(try await Task.detached { try raw(way) }.value)
      }
    }
    let limits = theirs.map { Summary($0) }
    return (Summary(mine), limits.min { $0.median < $1.median } ?? limits[0])
  }

  /// Measures what has no raw limit.
  func repeated(blocks: Int = 5, _ ours: () async throws -> Samples) async throws -> Summary {
    var samples: [Samples] = []
    for _ in 0..<blocks { samples.append(try await ours()) }
    return Summary(samples)
  }
}

/// Nanoseconds of the monotonic clock; half the cost of ContinuousClock.
func now() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

#if MPI
  import Muster

  /// Takes several workers out of the default pool at once: one who takes after the other, so that two who want many
  /// do not each hold what the other waits for.
  final class IdleRanks: Sendable {
    static let shared = IdleRanks()

    private let turns = Turns()

    /// - Parameter ranks: which of the pool's workers will do; asked again and again, as they may get fewer.
    /// - Throws: `ClusterError` `.invalidArgument` when there are not so many any more; `CancellationError`.
    func take(_ count: Int, of ranks: () -> [ProcessID]) async throws -> [ProcessID] {
      try await turns.take()
      defer { turns.pass() }
      let pool = defaultWorkerPool()
      var (taken, others): ([ProcessID], [ProcessID]) = ([], [])
      defer { for pid in others { pool.put(pid) } }
      do {
        while taken.count < count {
          guard ranks().count >= count else { throw Self.tooFew(count, ranks().count) }
          let pid = try await pool.take()
          // The default pool stands for process 1 when no worker is left, again and again.
          guard pid != 1 else {
            throw ClusterError(.noWorkers, "mpiDo: all ranks that were workers were removed or lost")
          }
          if ranks().contains(pid) { taken.append(pid) } else { others.append(pid) }
        }
      } catch {
        put(taken)
        throw error
      }
      return taken
    }

    private static func tooFew(_ count: Int, _ present: Int) -> ClusterError {
      ClusterError(.invalidArgument, "mpiDo(on: \(count)): there are \(present) workers that are ranks")
    }

    func put(_ pids: [ProcessID]) {
      let pool = defaultWorkerPool()
      for pid in pids { pool.put(pid) }
    }
  }
#endif

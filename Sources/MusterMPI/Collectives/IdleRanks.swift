#if MPI
  import Muster
  import Synchronization

  /// Takes several workers out of the default pool at once: one who takes after the other, so that two who want many
  /// do not each hold what the other waits for.
  final class IdleRanks: Sendable {
    static let shared = IdleRanks()

    private struct State: Sendable {
      var isTaking = false
      var waiters: [UnsafeContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func take(_ count: Int, of ranks: [ProcessID]) async throws -> [ProcessID] {
      await begin()
      defer { end() }
      let pool = defaultWorkerPool()
      var (taken, others): ([ProcessID], [ProcessID]) = ([], [])
      defer { for pid in others { pool.put(pid) } }
      do {
        while taken.count < count {
          let pid = try await pool.take()
          // The default pool stands for process 1 when no worker is left.
          guard pid != 1 || ranks.contains(1) else {
            throw ClusterError(.noWorkers, "mpiDo: all ranks that were workers were removed or lost")
          }
          if ranks.contains(pid) { taken.append(pid) } else { others.append(pid) }
        }
      } catch {
        put(taken)
        throw error
      }
      return taken
    }

    func put(_ pids: [ProcessID]) {
      let pool = defaultWorkerPool()
      for pid in pids { pool.put(pid) }
    }

    private func begin() async {
      await withUnsafeContinuation { continuation in
        let mayBegin = state.withLock { state -> Bool in
          if state.isTaking {
            state.waiters.append(continuation)
            return false
          }
          state.isTaking = true
          return true
        }
        if mayBegin { continuation.resume() }
      }
    }

    private func end() {
      let next = state.withLock { state -> UnsafeContinuation<Void, Never>? in
        if state.waiters.isEmpty {
          state.isTaking = false
          return nil
        }
        return state.waiters.removeFirst()
      }
      next?.resume()
    }
  }
#endif

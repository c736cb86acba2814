#if MPI
  import CMuster
  import Muster
  import Synchronization

  /// What a rank is doing in one `mpiDo`, for who asks why it takes so long.
  package final class Presence: Sendable {
    private struct State: Sendable {
      var place: String?
      var calls = 0
      var since = muster_now()
    }

    private let state = Mutex(State())

    func enter(_ place: String) {
      state.withLock { state in
        state.place = place
        state.calls += 1
        state.since = muster_now()
      }
    }

    func leave() {
      state.withLock { state in
        state.place = nil
        state.since = muster_now()
      }
    }

    var description: String {
      state.withLock { state in
        let seconds = Double((muster_now() &- state.since) / 100_000_000) / 10
        if let place = state.place { return "waits in \(place) (its MPI call \(state.calls)) since \(seconds) s" }
        return state.calls == 0
          ? "has arrived and called nothing of MPI, since \(seconds) s"
          : "computes since its MPI call \(state.calls), \(seconds) s ago"
      }
    }

    // MARK: All of this process

    private static let all = Mutex<[UInt64: Presence]>([:])

    static func begin(_ session: UInt64) -> Presence {
      let presence = Presence()
      all.withLock { $0[session] = presence }
      return presence
    }

    static func end(_ session: UInt64) { all.withLock { _ = $0.removeValue(forKey: session) } }

    /// How many functions of `mpiDo` run in this process.
    package static var count: Int { all.withLock { $0.count } }

    static func describe(_ session: UInt64) -> String? { all.withLock { $0[session] }?.description }
  }

  /// Asks a rank what it is doing in a session.
  struct WhereInSession: RemoteThunk {
    let session: UInt64

    func callAsFunction() -> String { Presence.describe(session) ?? "has not arrived, or has finished" }
  }
#endif

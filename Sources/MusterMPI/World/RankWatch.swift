#if MPI
  import Glibc
  import Muster
  import Synchronization

  /// Says which rank has died before the launcher ends them all with words of its own.
  ///
  /// MPI tells nobody. On every node the first rank watches the others' processes, and the second one the first's.
  final class RankWatch: Sendable {
    private let watches = Mutex<[ProcessWatch]>([])

    func start(_ world: MPIWorld) {
      let me = Int(world.rank)
      let neighbours = world.places.indices.filter { world.places[$0].node == world.places[me].node }
      guard let first = neighbours.first else { return }
      let watched = first == me ? neighbours.filter { $0 != me } : neighbours.dropFirst().first == me ? [first] : []
      let made = watched.compactMap { rank in
        let place = world.places[rank]
        return ProcessWatch(place.ospid) { reason in
          guard !world.isOver else { return }
          say(
            "muster: rank \(rank) (process \(rank + 1) of the cluster, \(place.ospid) on \(place.host)) died: \(reason)"
          )
        }
      }
      watches.withLock { $0 = made }
    }

    func stop() {
      for watch in watches.withLock({ watches in
        defer { watches = [] }
        return watches
      }) { watch.cancel() }
    }
  }

  /// Writes a line to standard error, in one piece.
  func say(_ message: String) {
    let line = Array("\(message)\n".utf8)
    _ = write(STDERR_FILENO, line, line.count)
  }
#endif

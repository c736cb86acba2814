#if MPI
  import Muster
  import Synchronization

  /// Connections of a rank with itself, to check the transport: for the tests of this package.
  package final class LoopbackConnections: Sendable {
    private let world: MPIWorld
    private let accepted = Mutex<(any MPIConnection)?>(nil)

    /// From now on nobody else can connect to this rank.
    package init(_ manager: MPIManager) {
      world = manager.world
      world.transport.listen { [self] connection in accepted.withLock { $0 = connection } }
    }

    /// The end that has opened the connection, and the other.
    package func connect() throws -> (any Connection, any Connection) {
      let opener = try world.transport.connect(to: world.rank)
      world.transport.wait(atMost: .seconds(20)) { accepted.withLock { $0 != nil } }
      guard let other = accepted.withLock({ $0.take() }) else {
        throw TransportError(description: "rank \(world.rank) did not hear that it had connected to itself")
      }
      return (opener, other)
    }
  }
#endif

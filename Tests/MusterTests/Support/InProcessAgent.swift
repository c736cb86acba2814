@testable import Muster

/// An agent of a host that is a cluster of this process.
final class InProcessAgent: Sendable {
  let cluster = Cluster(id: 2, spin: .zero)
  /// The end of process 1, for `HostAgents.join`.
  let connection: any Connection

  init() throws {
    ClusterPair.keep(cluster)
    let (one, own) = InProcessTransport.pair()
    connection = one
    try cluster.adopt(own, from: 1)
  }

  func stop() {
    cluster.stopListening()
    cluster.dispatcher.stop()
    cluster.engine.stop()
  }

  /// Options with which process 1 opens no port.
  static var options: AddprocsOptions {
    var options = AddprocsOptions()
    options.transport = .unix
    return options
  }
}

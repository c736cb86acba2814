import ArgumentParser

/// One thing that is measured.
struct Row: Sendable {
  let name: String
  /// Over which sockets it is measured unless the command line says.
  var transports: [SocketKind] = SocketKind.allCases
  /// What is asked of it.
  var targets: [SocketKind: Target] = [:]
  let measure: @Sendable (Bench) async throws -> Measurement

  static let all: [Row] = [
    call, callBlocking, inflight, callers64, remoteDo, pmap1, pmap100, channelRoundTrip, channelRate,
    channelRateRemote, references, array1MiB, array64MiB, capture80MB, launch16, launchSSH10, launchSSH50,
    launchSSH200, workerMemory, idleCPU, loop,
    everywhere256, placement10k,
  ]
}

extension Row: ExpressibleByArgument {
  init?(argument: String) {
    guard let row = Self.all.first(where: { $0.name == argument }) else { return nil }
    self = row
  }

  var defaultValueDescription: String { name }

  static var allValueStrings: [String] { all.map(\.name) }
}

extension [SocketKind: Target] {
  /// The same whatever the socket.
  static func everywhere(_ target: Target) -> Self { [.unix: target, .tcp: target] }
}

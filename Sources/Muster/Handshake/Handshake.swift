/// Mutual proof of the cluster cookie, on either side of a new connection.
struct Handshake: Sendable {
  let cookie: Cookie
  let engine: Engine
  var build = BuildDigest.current
  /// How long the other side may take.
  var deadline: Duration = .seconds(10)

  /// Another address was faster, and this connection is not needed.
  struct Withdrawn: Error {}

  /// Proves ourselves to a listener.
  ///
  /// - Parameter claim: asked when the listener has proved itself; false withdraws, because another address was faster.
  /// - Returns: the connection to go on with.
  /// - Throws: `ClusterError` `.refused` with the reason either side gave; `.timeout`; `TransportError`; `Withdrawn`.
  @discardableResult
  func dial(
    _ connection: any Connection, from: ProcessID, to: ProcessID, ticket: UInt64,
    claim: @Sendable () -> Bool = { true }
  ) async throws -> any Connection {
    try await with(connection) { channel in
      let hello = Hello(
        from: from, to: to, ticket: ticket, build: build, isSealed: Self.crossesNetwork(connection))
      try await channel.write(hello.bytes)
      try await readVerdict(channel)
      guard let challenge = Challenge(try await channel.read(Challenge.size)) else { throw Self.garbage(channel) }
      guard cookie.isValid(challenge.proof, for: HandshakeRole.listener.transcript(hello, challenge)) else {
        throw ClusterError(
          .refused,
          "\(channel.connection.peerDescription) does not know this cluster's cookie: it belongs to another one")
      }
      guard claim() else { throw Withdrawn() }
      try await channel.write(cookie.authenticationCode(of: HandshakeRole.dialler.transcript(hello, challenge)))
      try await readVerdict(channel)
      return seal(connection, as: .dialler, hello, challenge)
    }
  }

  /// Lets a dialler prove itself.
  ///
  /// - Parameter admit: says, from the greeting, why this dialler cannot be let in; `nil` if it can.
  /// - Returns: the greeting, of which every word has been proved, and the connection to go on with.
  func answer(
    _ connection: any Connection, opened: (ByteChannel) -> Void = { _ in },
    admit: (Hello) -> String?
  ) async throws -> (hello: Hello, connection: any Connection) {
    try await with(connection) { channel in
      opened(channel)
      guard let hello = Hello(try await channel.read(Hello.size)) else { throw Self.garbage(channel) }
      if let refusal = refusal(of: hello, over: connection) ?? admit(hello) { try await refuse(channel, refusal) }
      try await channel.write(Verdict().bytes)
      var challenge = Challenge()
      challenge.build = build
      challenge.proof = cookie.authenticationCode(of: HandshakeRole.listener.transcript(hello, challenge))
      try await channel.write(challenge.bytes)
      let proof = try await channel.read(Challenge.proofSize)
      guard cookie.isValid(proof, for: HandshakeRole.dialler.transcript(hello, challenge)) else {
        try await refuse(channel, "the proof of the cluster cookie is wrong")
      }
      try await channel.write(Verdict().bytes)
      return (hello, seal(connection, as: .listener, hello, challenge))
    }
  }

  // MARK: After the handshake

  /// Whether others than the two hosts see what is sent.
  private static func crossesNetwork(_ connection: any Connection) -> Bool {
    (connection as? SocketConnection)?.crossesNetwork ?? false
  }

  /// Keys of this session and direction, that both ends know and nobody else; never sent.
  private func seal(
    _ connection: any Connection, as role: HandshakeRole, _ hello: Hello, _ challenge: Challenge
  ) -> any Connection {
    guard hello.isSealed else { return connection }
    let mine = cookie.sessionKey(role.sessionLabel(hello, challenge))
    let theirs = cookie.sessionKey(role.other.sessionLabel(hello, challenge))
    return SealedConnection(connection, sends: mine, receives: theirs)
  }

  private func refusal(of hello: Hello, over connection: any Connection) -> String? {
    if hello.version != Hello.protocolVersion {
      return "protocol version \(hello.version) here, \(Hello.protocolVersion) there: "
        + "all processes of a cluster must run the same build of the program"
    }
    if hello.build != build {
      return "build \(hello.build) here, \(build) there: "
        + "all processes of a cluster must run the same executable (was it rebuilt, or is exename another program?)"
    }
    if Self.crossesNetwork(connection), !hello.isSealed {
      return "this connection comes from another host, and must be sealed"
    }
    return nil
  }

  private func refuse(_ channel: ByteChannel, _ reason: String) async throws -> Never {
    try await channel.write(Verdict(refusal: reason).bytes)
    throw ClusterError(.refused, "refused \(channel.connection.peerDescription): \(reason)")
  }

  private func readVerdict(_ channel: ByteChannel) async throws {
    guard let verdict = Verdict(try await channel.read(Verdict.size)) else { throw Self.garbage(channel) }
    if let refusal = verdict.refusal {
      throw ClusterError(.refused, "\(channel.connection.peerDescription) refused the connection: \(refusal)")
    }
  }

  private static func garbage(_ channel: ByteChannel) -> ClusterError {
    ClusterError(.refused, "\(channel.connection.peerDescription) does not speak Muster's protocol")
  }

  private func with<Result>(
    _ connection: any Connection, _ body: (ByteChannel) async throws -> Result
  ) async throws -> Result {
    let channel = try ByteChannel(connection: connection, engine: engine)
    let timer = engine.schedule(after: deadline) {
      channel.fail(
        ClusterError(.timeout, "\(connection.peerDescription) did not finish the handshake within \(deadline)"))
    }
    defer {
      engine.cancel(timer)
      channel.detach()
    }
    do {
      return try await withTaskCancellationHandler {
        try await body(channel)
      } onCancel: {
        channel.fail(ClusterError(.notConnected, "\(connection.peerDescription) is not needed any more"))
      }
    } catch {
      connection.close()
      throw error
    }
  }
}

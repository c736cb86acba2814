import CMuster
import Synchronization
import Testing
import TransportConformance

@testable import Muster

/// Two sides of a new connection, each with an Engine of its own, and what becomes of each.
private final class Meeting: Sendable {
  let engines = [Engine(logger: quietLogger), Engine(logger: quietLogger)]
  let cookie = Cookie()
  let dialler: any Connection
  let listener: any Connection

  init(_ kind: ConnectionKind) throws { (dialler, listener) = try kind.pair() }

  deinit { for engine in engines { engine.stop() } }

  func handshake(_ side: Int, _ change: (inout Handshake) -> Void = { _ in }) -> Handshake {
    var handshake = Handshake(cookie: cookie, engine: engines[side])
    // On a busy machine nothing here may fail for want of time.
    handshake.deadline = .seconds(600)
    change(&handshake)
    return handshake
  }

  func dial(_ handshake: Handshake, from: ProcessID = 3, to: ProcessID = 1, ticket: UInt64 = 7) -> Task<Void, any Error>
  {
    Task(executorPreference: engines[0]) { [dialler] in
      _ = try await handshake.dial(dialler, from: from, to: to, ticket: ticket)
    }
  }

  func answer(_ handshake: Handshake, admit: @escaping @Sendable (Hello) -> String? = { _ in nil }) -> Task<
    Hello, any Error
  > {
    Task(executorPreference: engines[1]) { [listener] in try await handshake.answer(listener, admit: admit).hello }
  }
}

enum ConnectionKind: CaseIterable, Sendable {
  case inProcess, unix, tcp

  func pair() throws -> (any Connection, any Connection) {
    switch self {
    case .inProcess: return InProcessTransport.pair()
    case .unix:
      let directory = try TestDirectory()
      return try socketPair(at: .unix(path: directory.path + "/x.sock"))
    case .tcp: return try socketPair(at: .tcp(host: "127.0.0.1", port: 0))
    }
  }
}

private func refusal<Success>(_ task: Task<Success, any Error>) async -> String {
  do {
    _ = try await task.value
    return "(it was let in)"
  } catch let error as ClusterError {
    return error.code == .refused ? error.message : "(another code: \(error))"
  } catch {
    return "(another error: \(error))"
  }
}

@Test(arguments: ConnectionKind.allCases)
func `two sides that know the cookie accept each other, and nothing of the stream is lost`(kind: ConnectionKind)
  async throws
{
  let meeting = try Meeting(kind)
  let answer = meeting.answer(meeting.handshake(1)) { hello in hello.ticket == 7 ? nil : "wrong ticket" }
  try await meeting.dial(meeting.handshake(0)).value
  // The dialler is through first and may write at once.
  try Conformance.write([1, 2, 3], to: meeting.dialler)
  let hello = try await answer.value
  #expect(hello.from == 3 && hello.to == 1 && hello.ticket == 7 && hello.build == .current)
  #expect(try Conformance.read(3, from: meeting.listener) == [1, 2, 3])
}

@Test(arguments: ConnectionKind.allCases)
func `a wrong cookie is refused by the dialler, who sends no proof`(kind: ConnectionKind) async throws {
  let meeting = try Meeting(kind)
  let answer = meeting.answer(Handshake(cookie: Cookie(), engine: meeting.engines[1]))
  #expect(await refusal(meeting.dial(meeting.handshake(0))).contains("does not know this cluster's cookie"))
  await #expect(throws: TransportError.self) { try await answer.value }
}

@Test(arguments: ConnectionKind.allCases)
func `a wrong cookie is refused by the listener, with the reason`(kind: ConnectionKind) async throws {
  let meeting = try Meeting(kind)
  let answer = meeting.answer(meeting.handshake(1))
  // A dialler that does not mind whom it talks to.
  let dial = Task {
    let hello = Hello(from: 3, to: 1, ticket: 7)
    try Conformance.write(hello.bytes, to: meeting.dialler)
    let challenge = try readChallenge(from: meeting.dialler)
    let proof = Cookie().authenticationCode(of: HandshakeRole.dialler.transcript(hello, challenge))
    try Conformance.write(proof, to: meeting.dialler)
    return Verdict(try Conformance.read(Verdict.size, from: meeting.dialler))?.refusal
  }
  #expect(try await dial.value?.contains("proof of the cluster cookie is wrong") == true)
  #expect(await refusal(answer).contains("proof of the cluster cookie is wrong"))
}

private func readChallenge(from connection: any Connection) throws -> Challenge {
  let verdict = Verdict(try Conformance.read(Verdict.size, from: connection))
  if let refusal = verdict?.refusal { throw Conformance.Violation("refused: \(refusal)") }
  return try #require(Challenge(try Conformance.read(Challenge.size, from: connection)))
}

@Test(arguments: ConnectionKind.allCases)
func `another build is refused, and both sides say so`(kind: ConnectionKind) async throws {
  let meeting = try Meeting(kind)
  let answer = meeting.answer(meeting.handshake(1))
  let other = BuildDigest(bytes: Array(repeating: 0xAB, count: 32))
  let dial = meeting.dial(meeting.handshake(0) { $0.build = other })
  for message in [await refusal(dial), await refusal(answer)] {
    #expect(message.contains("build abababababab") && message.contains("same executable"))
  }
}

@Test func `another protocol version is refused before any proof`() async throws {
  let meeting = try Meeting(.inProcess)
  let answer = meeting.answer(meeting.handshake(1))
  var hello = Hello(from: 3, to: 1, ticket: 7)
  hello.version = 99
  try Conformance.write(hello.bytes, to: meeting.dialler)
  let verdict = Verdict(try Conformance.read(Verdict.size, from: meeting.dialler))
  #expect(verdict?.refusal?.contains("protocol version 99") == true)
  #expect(await refusal(answer).contains("protocol version 99"))
  #expect(throws: TransportError.self) { try Conformance.read(1, from: meeting.dialler) }
}

@Test(arguments: ConnectionKind.allCases)
func `who is not admitted hears why`(kind: ConnectionKind) async throws {
  let meeting = try Meeting(kind)
  let answer = meeting.answer(meeting.handshake(1)) { "nobody waits for \($0.ticket)" }
  #expect(await refusal(meeting.dial(meeting.handshake(0))).contains("nobody waits for 7"))
  #expect(await refusal(answer).contains("nobody waits for 7"))
}

@Test func `the listener's proof, sent back to it, proves nothing`() async throws {
  let meeting = try Meeting(.inProcess)
  let answer = meeting.answer(meeting.handshake(1))
  try Conformance.write(Hello(from: 3, to: 1, ticket: 7).bytes, to: meeting.dialler)
  let challenge = try readChallenge(from: meeting.dialler)
  try Conformance.write(challenge.proof, to: meeting.dialler)
  #expect(await refusal(answer).contains("proof of the cluster cookie is wrong"))
}

@Test func `a listener that answers with the dialler's own words is refused`() async throws {
  // The attacker makes the victim prove itself as a listener to itself as a dialler: the greeting is relayed to
  // another connection of the same process with other numbers.
  let meeting = try Meeting(.inProcess)
  let other = try Meeting(.inProcess)
  let victim = Handshake(cookie: meeting.cookie, engine: other.engines[1])
  let answer = other.answer(victim)
  let dial = meeting.dial(meeting.handshake(0), from: 3, to: 1)
  let hello = try #require(Hello(try Conformance.read(Hello.size, from: meeting.listener)))
  var relayed = hello
  (relayed.from, relayed.to) = (hello.to, hello.from)
  try Conformance.write(relayed.bytes, to: other.dialler)
  let challenge = try readChallenge(from: other.dialler)
  try Conformance.write(Verdict().bytes, to: meeting.listener)
  try Conformance.write(challenge.bytes, to: meeting.listener)
  #expect(await refusal(dial).contains("does not know this cluster's cookie"))
  other.dialler.close()
  await #expect(throws: (any Error).self) { try await answer.value }
}

@Test func `a recorded session cannot be replayed`() async throws {
  let first = try Meeting(.inProcess)
  let cookie = first.cookie
  let answer = first.answer(first.handshake(1))
  let hello = Hello(from: 3, to: 1, ticket: 7)
  try Conformance.write(hello.bytes, to: first.dialler)
  let proof = cookie.authenticationCode(
    of: HandshakeRole.dialler.transcript(hello, try readChallenge(from: first.dialler)))
  try Conformance.write(proof, to: first.dialler)
  #expect(try await answer.value == hello)

  let second = try Meeting(.inProcess)
  let replay = second.answer(Handshake(cookie: cookie, engine: second.engines[1]))
  try Conformance.write(hello.bytes, to: second.dialler)
  _ = try readChallenge(from: second.dialler)
  try Conformance.write(proof, to: second.dialler)
  #expect(await refusal(replay).contains("proof of the cluster cookie is wrong"))
}

@Test func `a proof made in the other role is refused`() async throws {
  let meeting = try Meeting(.inProcess)
  let answer = meeting.answer(meeting.handshake(1))
  let hello = Hello(from: 3, to: 1, ticket: 7)
  try Conformance.write(hello.bytes, to: meeting.dialler)
  let challenge = try readChallenge(from: meeting.dialler)
  let wrongRole = meeting.cookie.authenticationCode(of: HandshakeRole.listener.transcript(hello, challenge))
  try Conformance.write(wrongRole, to: meeting.dialler)
  #expect(await refusal(answer).contains("proof of the cluster cookie is wrong"))

  let other = try Meeting(.inProcess)
  let dial = other.dial(other.handshake(0))
  let greeting = try #require(Hello(try Conformance.read(Hello.size, from: other.listener)))
  var claim = Challenge()
  claim.proof = other.cookie.authenticationCode(of: HandshakeRole.dialler.transcript(greeting, claim))
  try Conformance.write(Verdict().bytes + claim.bytes, to: other.listener)
  #expect(await refusal(dial).contains("does not know this cluster's cookie"))
}

@Test func `a proof for changed fields is refused`() async throws {
  for change in [{ $0.from = 4 }, { $0.ticket = 8 }, { $0.to = 2 }] as [@Sendable (inout Hello) -> Void] {
    let meeting = try Meeting(.inProcess)
    let answer = meeting.answer(meeting.handshake(1))
    let hello = Hello(from: 3, to: 1, ticket: 7)
    var sent = hello
    change(&sent)
    // Who is in between changes the greeting; the dialler proved what it said.
    try Conformance.write(sent.bytes, to: meeting.dialler)
    let challenge = try readChallenge(from: meeting.dialler)
    let proof = meeting.cookie.authenticationCode(of: HandshakeRole.dialler.transcript(hello, challenge))
    try Conformance.write(proof, to: meeting.dialler)
    #expect(await refusal(answer).contains("proof of the cluster cookie is wrong"))
  }
}

@Test func `a stream that ends anywhere ends the listener's side`() async throws {
  for length in [0, 1, 8, Hello.size - 1, Hello.size, Hello.size + 1, Hello.size + Challenge.proofSize - 1] {
    let meeting = try Meeting(.inProcess)
    let answer = meeting.answer(meeting.handshake(1))
    let bytes = Hello(from: 3, to: 1, ticket: 7).bytes + [UInt8](repeating: 0, count: 32)
    try Conformance.write(Array(bytes.prefix(length)), to: meeting.dialler)
    meeting.dialler.close()
    await #expect(throws: TransportError.closed, "after \(length) bytes") { try await answer.value }
  }
}

@Test func `a stream that ends anywhere ends the dialler's side`() async throws {
  let whole = Verdict().bytes + [UInt8](repeating: 0, count: Challenge.size)
  for length in [0, 1, Verdict.size - 1, Verdict.size, Verdict.size + 1, whole.count - 1] {
    let meeting = try Meeting(.inProcess)
    let dial = meeting.dial(meeting.handshake(0))
    try Conformance.write(Array(whole.prefix(length)), to: meeting.listener)
    meeting.listener.close()
    await #expect(throws: TransportError.closed, "after \(length) bytes") { try await dial.value }
  }
}

@Test func `a listener that proves itself and goes before it says welcome is an error`() async throws {
  let meeting = try Meeting(.inProcess)
  let dial = meeting.dial(meeting.handshake(0))
  let hello = try #require(Hello(try Conformance.read(Hello.size, from: meeting.listener)))
  var challenge = Challenge()
  challenge.proof = meeting.cookie.authenticationCode(of: HandshakeRole.listener.transcript(hello, challenge))
  try Conformance.write(Verdict().bytes + challenge.bytes, to: meeting.listener)
  let proof = try Conformance.read(Challenge.proofSize, from: meeting.listener)
  #expect(meeting.cookie.isValid(proof, for: HandshakeRole.dialler.transcript(hello, challenge)))
  meeting.listener.close()
  await #expect(throws: TransportError.closed) { try await dial.value }
}

@Test(arguments: 0..<20) func `garbage is refused on both sides`(seed: Int) async throws {
  var generator = SplitMix64(seed: UInt64(seed) &+ 300)
  // Up to far more than may be sent before authentication.
  let count = seed < 10 ? 1_200 : 60_000
  var garbage = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
  // A verdict's length that is out of range, whatever the seed.
  garbage[1] |= 0x80
  let meeting = try Meeting(.inProcess)
  let answer = meeting.answer(meeting.handshake(1))
  try Conformance.write(garbage, to: meeting.dialler)
  #expect(await refusal(answer).contains("does not speak Muster's protocol"))
  let other = try Meeting(.inProcess)
  let dial = other.dial(other.handshake(0))
  try Conformance.write(garbage, to: other.listener)
  #expect(await refusal(dial).contains("does not speak Muster's protocol"))
}

@Test func `damaging any byte of the greeting or the proof is noticed`() async throws {
  let unnoticed = Set(10..<16)  // filled with zeroes, without a meaning
  for index in 0..<(Hello.size + Challenge.proofSize) where !unnoticed.contains(index) && (index % 5 == 0 || index < 44)
  {
    let meeting = try Meeting(.inProcess)
    let answer = meeting.answer(meeting.handshake(1))
    let hello = Hello(from: 3, to: 1, ticket: 7)
    var greeting = hello.bytes
    if index < Hello.size { greeting[index] ^= 1 }
    let attack = Task {
      try Conformance.write(greeting, to: meeting.dialler)
      let challenge = try readChallenge(from: meeting.dialler)
      var proof = meeting.cookie.authenticationCode(of: HandshakeRole.dialler.transcript(hello, challenge))
      if index >= Hello.size { proof[index - Hello.size] ^= 1 }
      try Conformance.write(proof, to: meeting.dialler)
    }
    await #expect(throws: ClusterError.self, "byte \(index)") { try await answer.value }
    _ = try? await attack.value
  }
}

@Test(arguments: ConnectionKind.allCases)
func `who says nothing is given up at the deadline, on either side`(kind: ConnectionKind) async throws {
  for side in [0, 1] {
    let meeting = try Meeting(kind)
    let handshake = meeting.handshake(side) { $0.deadline = .milliseconds(50) }
    let waiting = Task {
      if side == 0 { try await meeting.dial(handshake).value } else { _ = try await meeting.answer(handshake).value }
    }
    do {
      try await waiting.value
      Issue.record("it was let in")
    } catch let error as ClusterError {
      #expect(error.code == .timeout && error.message.contains("0.05"))
    }
    let peer = side == 0 ? meeting.listener : meeting.dialler
    if side == 0 { try Conformance.read(Hello.size, from: peer) }
    #expect(throws: TransportError.self) { try Conformance.read(1, from: peer) }
  }
}

@Test func `a drop at a time is no way around the deadline`() async throws {
  let meeting = try Meeting(.inProcess)
  let answer = meeting.answer(meeting.handshake(1) { $0.deadline = .milliseconds(100) })
  let drip = Task {
    for byte in Hello(from: 3, to: 1, ticket: 7).bytes.dropLast(4) {
      try? Conformance.write([byte], to: meeting.dialler)
      await Task.yield()
    }
  }
  do {
    _ = try await answer.value
    Issue.record("it was let in")
  } catch let error as ClusterError {
    #expect(error.code == .timeout)
  }
  await drip.value
}

@Test func `a channel that was failed fails what waits and all that follows`() async throws {
  let engine = Engine(logger: quietLogger)
  defer { engine.stop() }
  let (a, b) = InProcessTransport.pair(capacity: 10)
  let channel = try ByteChannel(connection: a, engine: engine)
  let reading = Task(executorPreference: engine) { try await channel.read(5) }
  channel.fail(ClusterError(.timeout, "the test"))
  await expectCode(.timeout) { _ = try await reading.value }
  await expectCode(.timeout) { _ = try await channel.read(1) }
  await expectCode(.timeout) { try await channel.write(Array(repeating: 0, count: 100)) }
  #expect(channel.isSilent)
  b.close()
}

@Test func `a channel reads exactly what it is asked for and takes no more than its limit`() async throws {
  let engine = Engine(logger: quietLogger)
  defer { engine.stop() }
  let (a, b) = InProcessTransport.pair()
  let channel = try ByteChannel(connection: a, engine: engine)
  try Conformance.write(Array(repeating: 7, count: 3 + ByteChannel.limit), to: b)
  #expect(try await channel.read(3) == [7, 7, 7])
  #expect(!channel.isSilent)
  await expectCode(.refused) { _ = try await channel.read(ByteChannel.limit) }
}

@Test func `a channel writes through a connection that takes little at a time`() async throws {
  let engine = Engine(logger: quietLogger)
  defer { engine.stop() }
  let (a, b) = InProcessTransport.pair(capacity: 10)
  let channel = try ByteChannel(connection: a, engine: engine)
  let bytes = (0..<1_000).map { UInt8(truncatingIfNeeded: $0) }
  let writing = Task(executorPreference: engine) { try await channel.write(bytes) }
  #expect(try Conformance.read(1_000, from: b) == bytes)
  try await writing.value
}

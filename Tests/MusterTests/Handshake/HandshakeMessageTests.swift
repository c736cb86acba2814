import Testing

@testable import Muster

private let build = BuildDigest(bytes: Array(0..<32))

@Test func `greeting, challenge and verdict are read as they were written`() throws {
  var hello = Hello(from: 3, to: 1, ticket: 0x0102_0304_0506_0708, build: build)
  hello.version = 0x0203
  #expect(hello.bytes.count == Hello.size)
  #expect(Hello(hello.bytes) == hello)
  #expect(Array(hello.bytes[8..<10]) == [3, 2] && Array(hello.bytes[16..<24]) == [3, 0, 0, 0, 0, 0, 0, 0])

  var challenge = Challenge()
  challenge.build = build
  challenge.proof = Array(repeating: 9, count: 32)
  #expect(challenge.bytes.count == Challenge.size)
  #expect(Challenge(challenge.bytes) == challenge)

  for refusal in [nil, "no", "ü\nmehr"] {
    let verdict = Verdict(refusal: refusal)
    #expect(verdict.bytes.count == Verdict.size)
    #expect(Verdict(verdict.bytes) == verdict)
  }
}

@Test func `a long reason is cut, an empty one is still a refusal`() throws {
  let long = try #require(Verdict(Verdict(refusal: String(repeating: "x", count: 2_000)).bytes)?.refusal)
  #expect(long == String(repeating: "x", count: Verdict.reasonSize))
  #expect(Verdict(Verdict(refusal: "").bytes)?.refusal != nil)
}

@Test func `messages of another size or protocol are none`() {
  let hello = Hello(from: 3, to: 1, ticket: 0, build: build).bytes
  #expect(Hello(Array(hello.dropLast())) == nil && Hello(hello + [0]) == nil && Hello([]) == nil)
  for index in 0..<8 {
    var damaged = hello
    damaged[index] ^= 0x20
    #expect(Hello(damaged) == nil)
  }
  #expect(Challenge([]) == nil && Challenge(Array(repeating: 0, count: Challenge.size + 1)) == nil)
  #expect(Verdict([]) == nil && Verdict(Array(repeating: 0xff, count: Verdict.size)) == nil)
  var tooLong = Verdict(refusal: "no").bytes
  tooLong[0] = 0xff
  tooLong[1] = 0x01
  #expect(Verdict(tooLong) == nil)
}

@Test func `a process number that no process has is not read, and not printed either`() throws {
  // Read as a negative number, it could not be written into the text that is authenticated.
  for offset in [16, 24] {
    var bytes = Hello(from: 3, to: 1, ticket: 1, build: build).bytes
    bytes[offset + 7] = 0x80
    #expect(Hello(bytes) == nil)
  }
}

@Test func `each role, field and nonce makes another text to be proved`() {
  let hello = Hello(from: 3, to: 1, ticket: 5, build: build)
  let challenge = Challenge()
  let text = HandshakeRole.dialler.transcript(hello, challenge)
  #expect(text != HandshakeRole.listener.transcript(hello, challenge))
  var others: [Hello] = []
  for change in [
    { $0.version += 1 }, { $0.from = 4 }, { $0.to = 2 }, { $0.ticket = 6 },
    { $0.build = BuildDigest(bytes: Array(1...32)) },
    { $0.nonce[31] ^= 1 },
  ] as [(inout Hello) -> Void] {
    var other = hello
    change(&other)
    others.append(other)
  }
  var nonce = challenge
  nonce.nonce[0] ^= 1
  var otherBuild = challenge
  otherBuild.build = build
  let texts =
    others.map { HandshakeRole.dialler.transcript($0, challenge) }
    + [HandshakeRole.dialler.transcript(hello, nonce), HandshakeRole.dialler.transcript(hello, otherBuild), text]
  #expect(Set(texts).count == texts.count)
  var proof = challenge
  proof.proof = [1]
  #expect(HandshakeRole.dialler.transcript(hello, proof) == text)
}

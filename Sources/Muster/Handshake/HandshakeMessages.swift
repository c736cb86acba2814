/// What two processes say to each other before anything is decoded: fixed fields, little-endian, no lengths to trust.
///
///     dialler                                listener
///     Hello (who, build, nonce)      ──▶
///                                    ◀──    Verdict: go on, or why not
///                                    ◀──    Challenge (build, nonce, proof)
///     proof                          ──▶
///                                    ◀──    Verdict: welcome, or why not
///
/// Each proof is an HMAC-SHA256 under the cluster cookie of the role of who proves and of everything that was said, so
/// a proof can neither be reflected nor used towards another process, in another role or another session.
struct Hello: Equatable, Sendable {
  static let magic: [UInt8] = Array("MUSTER\r\n".utf8)
  static let protocolVersion: UInt16 = 1
  static let nonceSize = 32
  static let size = 8 + 2 + 6 + 8 + 8 + 8 + BuildDigest.size + nonceSize

  var version = Hello.protocolVersion
  /// Who dials; 0 for a worker that has no number yet.
  var from: ProcessID
  /// Who is meant to listen.
  var to: ProcessID
  /// Which launch the worker belongs to; 0 between processes that have their numbers.
  var ticket: UInt64
  var build: BuildDigest
  var nonce: [UInt8]
  /// Everything behind the handshake carries authentication codes (`SealedConnection`).
  var isSealed = false

  var bytes: [UInt8] {
    var bytes = Self.magic
    bytes.append(contentsOf: littleEndian(version))
    bytes.append(isSealed ? 1 : 0)
    bytes.append(contentsOf: [UInt8](repeating: 0, count: 5))
    bytes.append(contentsOf: littleEndian(UInt64(from.rawValue)))
    bytes.append(contentsOf: littleEndian(UInt64(to.rawValue)))
    bytes.append(contentsOf: littleEndian(ticket))
    return bytes + build.bytes + nonce
  }

  /// `nil` when it is not a greeting of ours at all.
  init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.size, Array(bytes[..<8]) == Self.magic else { return nil }
    version = UInt16(truncatingIfNeeded: number(in: bytes, at: 8, size: 2))
    isSealed = bytes[10] & 1 != 0
    from = ProcessID(Int(truncatingIfNeeded: number(in: bytes, at: 16, size: 8)))
    to = ProcessID(Int(truncatingIfNeeded: number(in: bytes, at: 24, size: 8)))
    // Numbers of processes are not negative; such a one could not be written back into what is authenticated.
    guard from.rawValue >= 0, to.rawValue >= 0 else { return nil }
    ticket = number(in: bytes, at: 32, size: 8)
    build = BuildDigest(bytes: Array(bytes[40..<72]))
    nonce = Array(bytes[72..<104])
  }

  init(
    from: ProcessID, to: ProcessID, ticket: UInt64, build: BuildDigest = .current, nonce: [UInt8] = Cookie().bytes,
    isSealed: Bool = false
  ) {
    self.from = from
    self.to = to
    self.ticket = ticket
    self.build = build
    self.nonce = nonce
    self.isSealed = isSealed
  }
}

struct Challenge: Equatable, Sendable {
  static let unprovenSize = BuildDigest.size + Hello.nonceSize
  static let proofSize = 32
  static let size = unprovenSize + proofSize

  var build = BuildDigest.current
  var nonce = Cookie().bytes
  var proof: [UInt8] = []

  var unprovenBytes: [UInt8] { build.bytes + nonce }
  var bytes: [UInt8] { unprovenBytes + proof }

  init() {}

  init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.size else { return nil }
    build = BuildDigest(bytes: Array(bytes[..<32]))
    nonce = Array(bytes[32..<64])
    proof = Array(bytes[64...])
  }
}

/// Yes, or no and why. The reason is padded to a fixed size.
struct Verdict: Equatable, Sendable {
  static let reasonSize = 510
  static let size = 2 + reasonSize

  /// `nil`: accepted.
  var refusal: String?

  var bytes: [UInt8] {
    guard let refusal else { return [UInt8](repeating: 0, count: Self.size) }
    let reason = Array(refusal.utf8.prefix(Self.reasonSize))
    return littleEndian(UInt16(max(1, reason.count))) + reason
      + [UInt8](repeating: UInt8(ascii: " "), count: Self.reasonSize - reason.count)
  }

  init(refusal: String? = nil) { self.refusal = refusal }

  init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.size else { return nil }
    let length = Int(number(in: bytes, at: 0, size: 2))
    guard length <= Self.reasonSize else { return nil }
    refusal = length == 0 ? nil : String(decoding: bytes[2..<(2 + length)], as: UTF8.self)
  }
}

/// Who proves, in the text that is authenticated.
enum HandshakeRole: UInt8 {
  case dialler = 1
  case listener = 2

  func transcript(_ hello: Hello, _ challenge: Challenge) -> [UInt8] {
    Array("muster handshake".utf8) + [rawValue] + hello.bytes + challenge.unprovenBytes
  }

  var other: HandshakeRole { self == .dialler ? .listener : .dialler }

  /// What the key of this session is made of with which this role sends.
  func sessionLabel(_ hello: Hello, _ challenge: Challenge) -> [UInt8] {
    Array("muster session".utf8) + [rawValue] + hello.bytes + challenge.unprovenBytes
  }
}

private func littleEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
  withUnsafeBytes(of: number.littleEndian) { Array($0) }
}

private func number(in bytes: [UInt8], at offset: Int, size: Int) -> UInt64 {
  bytes[offset..<(offset + size)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
}

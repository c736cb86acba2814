/// A genome that is made as it is read: each base follows from its position, so every worker has it without being sent
/// anything.
struct Genome: Codable, Sendable {
  /// How many bases it has.
  let count: Int
  let seed: UInt64

  /// What is found in it again and again, as in real ones: the beginning of the human Alu repeat.
  static let repeated = "GGCCGGGCGCGGTGGCTCACGCCTGTAATCCCAGCACTTTGG".utf8.map { Base.letters.firstIndex(of: $0)! }

  /// The base at a position: 0 to 3, for A, C, G and T.
  subscript(position: Int) -> Int {
    let (tile, offset) = position.quotientAndRemainder(dividingBy: 1024)
    // One tile in four has the repeat.
    let inRepeat = offset - Int(hash(tile, 1) % 4096)
    if Self.repeated.indices.contains(inRepeat) { return Self.repeated[inRepeat] }
    // 32 bases in each hash.
    return Int(hash(position >> 5, 2) >> (2 * UInt64(position & 31)) & 3)
  }

  /// Mixes the bits as SplitMix64 does (Steele, Lea and Flood, 2014).
  private func hash(_ number: Int, _ stream: UInt64) -> UInt64 {
    var z = (UInt64(number) &* 2 &+ stream &+ seed) &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

enum Base {
  static let letters = Array("ACGT".utf8)

  /// The letters of a k-mer, two bits each.
  static func text(of code: Int, k: Int) -> String {
    String(decoding: (0..<k).reversed().map { letters[code >> (2 * $0) & 3] }, as: UTF8.self)
  }
}

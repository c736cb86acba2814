/// The generator xoshiro256**: 256 bits of state, period 2^256 − 1, about a nanosecond a number.
///
/// Source: D. Blackman and S. Vigna, ACM Trans. Math. Softw. 47, 36 (2021).
public struct Xoshiro256StarStar: RandomNumberGenerator, Sendable {
  private var s0: UInt64
  private var s1: UInt64
  private var s2: UInt64
  private var s3: UInt64

  /// Starts from the given state, of which at least one word must not be zero.
  public init(state: (UInt64, UInt64, UInt64, UInt64)) {
    precondition(state != (0, 0, 0, 0), "the state of xoshiro256** must not be zero everywhere")
    (s0, s1, s2, s3) = state
  }

  /// The stream that belongs to one temperature and one seed.
  ///
  /// It depends on nothing else, so that a run gives the same numbers on whichever worker it is done, and whatever
  /// other temperatures the sweep has.
  public init(temperature: Double, seed: UInt64) {
    var seeds = SplitMix64(state: seed)
    var words = SplitMix64(state: seeds.next() ^ temperature.bitPattern)
    self.init(state: (words.next(), words.next(), words.next(), words.next()))
  }

  public mutating func next() -> UInt64 {
    let result = Self.rotateLeft(s1 &* 5, by: 7) &* 9
    let shifted = s1 &<< 17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= shifted
    s3 = Self.rotateLeft(s3, by: 45)
    return result
  }

  private static func rotateLeft(_ word: UInt64, by count: UInt64) -> UInt64 {
    (word &<< count) | (word &>> (64 &- count))
  }
}

/// The generator SplitMix64, which the authors of xoshiro256** recommend for filling its state.
///
/// Source: G. L. Steele, D. Lea and C. H. Flood, OOPSLA 2014, with the constants of S. Vigna.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(state: UInt64) {
    self.state = state
  }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ (word &>> 30)) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ (word &>> 27)) &* 0x94d0_49bb_1331_11eb
    return word ^ (word &>> 31)
  }
}

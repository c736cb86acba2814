import Glibc

/// How well a set of independent measured values agrees with exact ones, judged by their deviations in units of the
/// error.
public struct Agreement: Sendable, Equatable {
  /// The number of values compared.
  public let count: Int
  /// The sum of the squared deviations, expected to be `count` ± √(2 count).
  public let chiSquared: Double
  /// The largest deviation in magnitude.
  public let largestDeviation: Double

  public init(deviations: some Sequence<Double>) {
    let squares = deviations.map { $0 * $0 }
    count = squares.count
    chiSquared = squares.reduce(0, +)
    largestDeviation = (squares.max() ?? 0).squareRoot()
  }

  /// The probability that χ² comes out larger than this by chance.
  ///
  /// The cube root of χ²/n is nearly normal, which gives p to about a thousandth: E. B. Wilson and M. M. Hilferty,
  /// Proc. Natl. Acad. Sci. 17, 684 (1931).
  public var probability: Double {
    guard count > 0 else { return 1 }
    let variance = 2 / (9 * Double(count))
    let deviation = (cbrt(chiSquared / Double(count)) - (1 - variance)) / variance.squareRoot()
    return erfc(deviation / 2.0.squareRoot()) / 2
  }

  /// Whether no value is more than 4 σ off and χ² is neither suspiciously large nor suspiciously small, which would
  /// betray errors estimated too small or too large.
  public var isAcceptable: Bool {
    count == 0 || (largestDeviation <= 4 && (0.001...0.999).contains(probability))
  }
}

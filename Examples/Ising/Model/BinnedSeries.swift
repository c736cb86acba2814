/// A series of correlated measurements, kept as the means of bins of consecutive ones.
///
/// Successive measurements resemble each other, so their scatter alone would understate the error. The means of bins
/// much longer than the autocorrelation time are independent, and their scatter gives the error of the mean.
/// Source: H. Flyvbjerg and H. G. Petersen, J. Chem. Phys. 91, 461 (1989).
public struct BinnedSeries: Codable, Sendable, Equatable {
  /// The number of measurements in a bin.
  public let binLength: Int
  /// The means of the bins completed so far.
  public private(set) var binMeans: [Double] = []

  private var sumOfSquares = 0.0
  private var sumInOpenBin = 0.0
  private var countInOpenBin = 0

  public init(binLength: Int) {
    precondition(binLength > 0, "a bin must hold at least one measurement")
    self.binLength = binLength
  }

  /// Adds the next measurement.
  public mutating func append(_ value: Double) {
    sumOfSquares += value * value
    sumInOpenBin += value
    countInOpenBin += 1
    if countInOpenBin == binLength {
      binMeans.append(sumInOpenBin / Double(binLength))
      sumInOpenBin = 0
      countInOpenBin = 0
    }
  }

  /// Adds the bins of an independent run with the same bin length; both must end with a complete bin.
  public mutating func merge(_ other: BinnedSeries) {
    precondition(binLength == other.binLength, "series of different bin lengths cannot be merged")
    precondition(countInOpenBin == 0 && other.countInOpenBin == 0, "a series to be merged must end with a complete bin")
    sumOfSquares += other.sumOfSquares
    binMeans += other.binMeans
  }

  /// The mean with its error; needs at least two bins, of which the last must be complete.
  public var estimate: Estimate {
    precondition(binMeans.count > 1 && countInOpenBin == 0, "an estimate needs at least two bins, all complete")
    let bins = Double(binMeans.count)
    let mean = binMeans.reduce(0, +) / bins
    let varianceOfBins = binMeans.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (bins - 1)
    let variance = sumOfSquares / (bins * Double(binLength)) - mean * mean
    // A bin of n measurements has 2τ/n times the variance of one measurement.
    let autocorrelationTime = variance > 0 ? Double(binLength) * varianceOfBins / variance / 2 : 0.5
    return Estimate(
      mean: mean, error: (varianceOfBins / bins).squareRoot(), autocorrelationTime: autocorrelationTime)
  }
}

/// A measured mean.
public struct Estimate: Codable, Sendable, Equatable {
  public let mean: Double
  /// One standard deviation of the mean.
  public let error: Double
  /// The integrated autocorrelation time τ in measurements; 0.5 when they are independent.
  public let autocorrelationTime: Double

  public init(mean: Double, error: Double, autocorrelationTime: Double) {
    self.mean = mean
    self.error = error
    self.autocorrelationTime = autocorrelationTime
  }

  /// How many standard deviations the mean lies above a reference value.
  public func deviation(from reference: Double) -> Double {
    mean == reference ? 0 : (mean - reference) / error
  }
}

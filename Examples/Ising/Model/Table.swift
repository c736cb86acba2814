extension [SweepPoint] {
  /// The results beside the exact solution, a line for each temperature.
  public var table: String {
    let columns = [
      ("kT/J", 6), ("m² measured", 23), ("exact", 10), ("apart", 9), ("energy/J measured", 24), ("exact", 11),
      ("apart", 9), ("τ", 6),
    ]
    let heading = columns.map { title, width in title.padded(to: width) }.joined()
    return ([heading] + map(\.tableLine)).joined(separator: "\n")
  }
}

extension SweepPoint {
  fileprivate var tableLine: String {
    let cells = [
      (temperature.fixed(3), 6), (squaredMagnetisation.description, 23), (exactSquaredMagnetisation.fixed(6), 10),
      (isComparable ? magnetisationDeviation.fixed(1, signed: true) + " σ" : "(size)", 9),
      (energy.description, 24), (exactEnergy.fixed(6), 11),
      (isComparable ? energyDeviation.fixed(1, signed: true) + " σ" : "(size)", 9),
      (Swift.max(squaredMagnetisation.autocorrelationTime, energy.autocorrelationTime).fixed(1), 6),
    ]
    return cells.map { text, width in text.padded(to: width) }.joined()
  }
}

extension Estimate: CustomStringConvertible {
  public var description: String { mean.fixed(6) + " ± " + error.fixed(6) }
}

extension Agreement: CustomStringConvertible {
  public var description: String {
    """
    χ² = \(chiSquared.fixed(1)) for \(count) temperatures (p = \(probability.fixed(3))), \
    largest deviation \(largestDeviation.fixed(1)) σ
    """
  }
}

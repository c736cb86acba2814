/// The result of a sweep at one temperature: all its runs taken together.
public struct SweepPoint: Sendable, Equatable {
  /// The temperature in units of J/k.
  public let temperature: Double
  public let squaredMagnetisation: Estimate
  /// The energy per spin in units of J.
  public let energy: Estimate
  /// Whether the lattice is so large that it cannot be told from the infinite one; not so near the critical temperature.
  public let isComparable: Bool

  public init(temperature: Double, squaredMagnetisation: Estimate, energy: Estimate, isComparable: Bool) {
    self.temperature = temperature
    self.squaredMagnetisation = squaredMagnetisation
    self.energy = energy
    self.isComparable = isComparable
  }

  /// The square of Yang's magnetisation.
  public var exactSquaredMagnetisation: Double {
    let magnetisation = ExactSolution.magnetisation(at: temperature)
    return magnetisation * magnetisation
  }

  /// Onsager's energy.
  public var exactEnergy: Double { ExactSolution.energy(at: temperature) }

  /// How many standard deviations the squared magnetisation lies above the exact one.
  public var magnetisationDeviation: Double { squaredMagnetisation.deviation(from: exactSquaredMagnetisation) }

  /// How many standard deviations the energy lies above the exact one.
  public var energyDeviation: Double { energy.deviation(from: exactEnergy) }
}

extension SweepPoint {
  /// Merges the runs of each temperature; `measurements` are in the order of `runs`. The points are in order of
  /// temperature.
  public static func points(from measurements: [Measurements], of runs: [Run], side: Int) -> [SweepPoint] {
    var merged: [Double: Measurements] = [:]
    for (run, measured) in zip(runs, measurements) {
      guard var sum = merged.removeValue(forKey: run.temperature) else {
        merged[run.temperature] = measured
        continue
      }
      sum.squaredMagnetisation.merge(measured.squaredMagnetisation)
      sum.energy.merge(measured.energy)
      merged[run.temperature] = sum
    }
    return merged.sorted { $0.key < $1.key }.map { temperature, measured in
      SweepPoint(
        temperature: temperature, squaredMagnetisation: measured.squaredMagnetisation.estimate,
        energy: measured.energy.estimate, isComparable: isComparable(temperature, side: side))
    }
  }

  /// Finite-size effects are of the order exp(−12) ≈ 6 · 10⁻⁶ at most, far below the statistical errors.
  static func isComparable(_ temperature: Double, side: Int) -> Bool {
    Double(side) * ExactSolution.inverseCorrelationLength(at: temperature) >= 12
  }
}

extension [SweepPoint] {
  /// The agreement of the squared magnetisation with Yang's, over the comparable points.
  public var magnetisationAgreement: Agreement {
    Agreement(deviations: lazy.filter(\.isComparable).map(\.magnetisationDeviation))
  }

  /// The agreement of the energy with Onsager's, over the comparable points.
  public var energyAgreement: Agreement {
    Agreement(deviations: lazy.filter(\.isComparable).map(\.energyDeviation))
  }
}

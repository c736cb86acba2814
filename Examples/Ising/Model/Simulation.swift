/// One run of the sweep: a temperature in units of J/k, and the seed of its random numbers.
public struct Run: Codable, Sendable, Hashable {
  public let temperature: Double
  public let seed: UInt64

  public init(temperature: Double, seed: UInt64) {
    self.temperature = temperature
    self.seed = seed
  }
}

/// What one run measured.
public struct Measurements: Codable, Sendable, Equatable {
  /// The squared magnetisation, see `Lattice.correlationAcross`.
  public internal(set) var squaredMagnetisation: BinnedSeries
  /// The energy per spin in units of J.
  public internal(set) var energy: BinnedSeries
}

/// How to simulate the model at one temperature.
public struct Simulation: Codable, Sendable, Hashable {
  /// The side of the square lattice.
  public var side: Int
  /// The sweeps done before the first measurement.
  public var thermalisation: Int
  /// The number of measurements, one sweep apart.
  public var measurements: Int
  /// The number of bins into which the measurements are averaged.
  public var bins: Int

  public init(side: Int, thermalisation: Int, measurements: Int, bins: Int) {
    self.side = side
    self.thermalisation = thermalisation
    self.measurements = measurements
    self.bins = bins
  }

  /// Does one run, from an ordered lattice.
  public func measure(_ run: Run) -> Measurements {
    var random = Xoshiro256StarStar(temperature: run.temperature, seed: run.seed)
    var lattice = Lattice(side: side)
    let update = WolffUpdate(temperature: run.temperature, sites: lattice.count)
    let clustersPerSweep = thermalise(&lattice, with: update, using: &random)

    let binLength = measurements / bins
    var squaredMagnetisation = BinnedSeries(binLength: binLength)
    var energy = BinnedSeries(binLength: binLength)
    for _ in 0..<binLength * bins {
      for _ in 0..<clustersPerSweep {
        update.flipCluster(of: &lattice, using: &random)
      }
      squaredMagnetisation.append(lattice.correlationAcross)
      energy.append(lattice.energyPerSpin)
    }
    return Measurements(squaredMagnetisation: squaredMagnetisation, energy: energy)
  }

  /// Brings the lattice to equilibrium and returns the number of clusters in a sweep: so many that each spin is
  /// flipped once on average.
  ///
  /// That number stays fixed while measuring. To flip clusters until enough spins have been flipped would favour states
  /// with large clusters and bias the averages.
  private func thermalise(
    _ lattice: inout Lattice, with update: borrowing WolffUpdate, using random: inout Xoshiro256StarStar
  ) -> Int {
    var clusters = 0
    var flipped = 0
    for sweep in 1...max(thermalisation, 1) {
      let enough = sweep * lattice.count
      while flipped < enough {
        flipped += update.flipCluster(of: &lattice, using: &random)
        clusters += 1
      }
    }
    return max(1, Int((Double(clusters) * Double(lattice.count) / Double(flipped)).rounded()))
  }
}

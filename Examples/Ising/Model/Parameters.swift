/// What a sweep computes, as a parameter file says it.
public struct Parameters: Sendable, Equatable {
  public var simulation: Simulation
  /// The temperatures in units of J/k, in the order of the file.
  public var temperatures: [Double]
  /// One run is done for each temperature and each seed.
  public var seeds: [UInt64]

  public init(simulation: Simulation, temperatures: [Double], seeds: [UInt64]) {
    self.simulation = simulation
    self.temperatures = temperatures
    self.seeds = seeds
  }

  /// All runs of the sweep.
  public var runs: [Run] {
    temperatures.flatMap { temperature in seeds.map { Run(temperature: temperature, seed: $0) } }
  }
}

/// What is wrong with a parameter file, and where.
public struct ParameterError: Error, Equatable, CustomStringConvertible {
  public let file: String
  /// Counted from 1.
  public let line: Int
  /// Counted from 1, in characters.
  public let column: Int
  public let message: String

  public var description: String { "\(file):\(line):\(column): \(message)" }
}
